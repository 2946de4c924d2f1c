#include "common/file.h"

#include "common/strings.h"
#include "common/xxh3.h"

namespace chorus {

Result<std::string> ReadWholeFile(FileSystem& files, const std::string& path) {
  ASSIGN_OR_RETURN(const std::unique_ptr<RandomAccessFile> file, files.OpenForRead(path));
  std::string data(file->size(), '\0');
  RETURN_IF_ERROR(file->ReadAt(0, std::as_writable_bytes(std::span(data))));
  return data;
}

namespace {

Status WriteAndSync(FileSystem& files, const std::string& path, std::string_view data) {
  ASSIGN_OR_RETURN(const std::unique_ptr<WritableFile> file, files.Create(path));
  RETURN_IF_ERROR(file->Append(std::as_bytes(std::span(data))));
  RETURN_IF_ERROR(file->Sync());
  return file->Close();
}

}  // namespace

Status ReplaceFile(FileSystem& files, const std::string& path, std::string_view data) {
  const std::string temporary = StrCat(path, ".tmp");
  Status status = WriteAndSync(files, temporary, data);
  if (status.ok()) status = files.Rename(temporary, path);
  if (!status.ok() && files.Exists(temporary)) {
    // The first error is the one worth telling; a left-over temporary file is overwritten next
    // time.
    (void)files.Remove(temporary);
  }
  return status;
}

std::string JoinPath(std::string_view directory, std::string_view name) {
  if (directory.empty() || directory.back() == '/') return StrCat(directory, name);
  return StrCat(directory, "/", name);
}

std::string DirectoryOf(std::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return std::string(path.substr(0, slash == 0 ? 1 : slash));
}

std::string BaseName(std::string_view path) {
  const size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

std::string WithoutSlash(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

uint64_t Checksum(std::span<const std::byte> data) { return XXH3_64bits(data.data(), data.size()); }
uint64_t Checksum(std::string_view data) { return XXH3_64bits(data.data(), data.size()); }

}  // namespace chorus
