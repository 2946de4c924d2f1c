#include "worker/import/inputs.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <utility>

#include "common/strings.h"
#include "common/uri.h"
#include "worker/columns/arrow_object.h"
#include "worker/import/input_paths.h"
#include "worker/import/kafka_address.h"

namespace chorus::worker {
namespace {

constexpr char kStandardInputName[] = "standard input";
constexpr size_t kCopyBytes = size_t{1} << 20;

Status CopyToFile(ByteSource& source, FileSystem& files, const std::string& path) {
  ASSIGN_OR_RETURN(auto file, files.Create(path));
  std::vector<char> buffer(kCopyBytes);
  while (true) {
    ASSIGN_OR_RETURN(const size_t bytes, source.Read(buffer));
    if (bytes == 0) return file->Close();
    RETURN_IF_ERROR(file->Append(std::as_bytes(std::span<const char>(buffer).first(bytes))));
  }
}

TextInput FileInput(FileSystem& files, const std::string& name, const std::string& path) {
  return {name, [&files, path] { return OpenFileSource(files, path); },
          [&files, path] { return files.OpenForRead(path); }};
}

TextInput ObjectInput(const std::string& uri) {
  const auto object = std::make_shared<ArrowObject>(uri);
  return {ShownUri(uri),
          [object]() -> Result<std::unique_ptr<ByteSource>> {
            ASSIGN_OR_RETURN(auto file, object->Open(ArrowObject::Reading::kInOrder));
            return NewFileSource(std::move(file));
          },
          [object] { return object->Open(ArrowObject::Reading::kAnyPlace); }};
}

Result<TextInput> StandardInput(FileSystem& files, int descriptor, const std::string& spool_path) {
  if (spool_path.empty()) {
    return TextInput{kStandardInputName, [descriptor]() -> Result<std::unique_ptr<ByteSource>> {
                       return NewDescriptorSource(descriptor);
                     }};
  }
  const auto source = NewDescriptorSource(descriptor);
  RETURN_IF_ERROR(CopyToFile(*source, files, spool_path).Annotate("copying standard input"));
  return FileInput(files, kStandardInputName, spool_path);
}

// Rows of a file that is named twice would count twice.
Status CheckOnce(FileSystem& files, const std::vector<std::string>& paths) {
  std::map<std::string, std::string> named;  // by the file that it is
  for (const std::string& path : paths) {
    const Result<FileSystem::Target> target = files.TargetOf(path);
    std::error_code none;
    const std::string file =
        IsUri(path) ? IdentityOfUri(path)
                    : std::filesystem::absolute(target.ok() ? target->path : path, none)
                          .lexically_normal()
                          .string();
    const auto [other, is_new] = named.emplace(file, path);
    if (is_new || (target.ok() && target->in_place)) continue;
    const bool same = path == other->second;
    return InvalidArgument(StrCat(ShownUri(path), same ? "" : " and " + ShownUri(other->second),
                                  same ? " is named twice" : " are one file",
                                  ": its rows would count twice"));
  }
  return Status::Ok();
}

}  // namespace

Result<std::vector<TextInput>> MakeInputs(FileSystem& files, const std::vector<std::string>& paths,
                                          int standard_input, const std::string& spool_path) {
  const std::vector<std::string> all = paths.empty() ? std::vector<std::string>{"-"} : paths;
  if (std::count(all.begin(), all.end(), "-") > 1) {
    return InvalidArgument("standard input is named twice");
  }
  std::vector<std::string> expanded;
  for (const std::string& path : all) {  // before hours go into those that are there
    if (path == "-") {
      expanded.push_back(path);
      continue;
    }
    if (IsKafkaAddress(path)) {
      return InvalidArgument(
          "topics of Kafka (kafka://...) have no end: chorus import --follow reads them");
    }
    ASSIGN_OR_RETURN(const std::vector<std::string> found, ExpandInputPath(files, path));
    expanded.insert(expanded.end(), found.begin(), found.end());
  }
  RETURN_IF_ERROR(CheckOnce(files, expanded));
  std::vector<TextInput> inputs;
  for (const std::string& path : expanded) {
    if (path == "-") {
      ASSIGN_OR_RETURN(TextInput input, StandardInput(files, standard_input, spool_path));
      inputs.push_back(std::move(input));
    } else if (IsUri(path)) {
      inputs.push_back(ObjectInput(path));
    } else {
      inputs.push_back(FileInput(files, path, path));
    }
  }
  return inputs;
}

std::string SpoolPath(const std::string& folder) { return JoinPath(folder, "standard-input"); }

Status RemoveSpool(FileSystem& files, const std::string& spool_path) {
  return files.Exists(spool_path) ? files.Remove(spool_path) : Status::Ok();
}

}  // namespace chorus::worker
