#include "worker/import/follow_position.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "common/strings.h"
#include "common/write_lock.h"

namespace chorus::worker {
namespace {

constexpr std::string_view kSealingPrefix = ".sealing-";

// Wide enough that names are in the order of the numbers.
std::string LogName(uint64_t number) {
  char name[40];
  std::snprintf(name, sizeof(name), "part-%010llu.log", static_cast<unsigned long long>(number));
  return name;
}

// As LogOutput names the files of one import.
std::string SealedName(uint64_t number) {
  char name[40];
  std::snprintf(name, sizeof(name), "part-%05llu.log", static_cast<unsigned long long>(number));
  return name;
}

// Errors are the caller's to tell.
class Quiet final : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int, int, const std::string&) override {}
  void AddWarning(int, int, const std::string&) override {}
};

bool ParsePosition(const std::string& text, bool allows_unknown, FollowPosition* position) {
  Quiet quiet;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&quiet);
  parser.AllowUnknownField(allows_unknown);
  return parser.ParseFromString(text, position);
}

bool Holds(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Of an output without a position.
Status CheckNew(const std::string& folder, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    // The first position's file, when a kill came while it was written.
    if (name == StrCat(kFollowPositionName, ".tmp")) continue;
    if (name == kFolderLockName || name.starts_with(kSealingPrefix)) continue;
    return FailedPrecondition(StrCat(folder, " holds ", name, ", and no ", kFollowPositionName,
                                     " of an import that was followed: choose a new folder"));
  }
  return Status::Ok();
}

// A position of version 1 as this version writes it.
void Migrate(FollowPosition* position) {
  FollowedSource* const source = position->add_sources();
  source->set_name(position->input());
  source->set_offset(position->offset());
  source->set_lines(position->lines());
  source->set_head_bytes(position->head_bytes());
  source->set_head_checksum(position->head_checksum());
  *source->mutable_done() = position->done();
  position->clear_input();
  position->clear_offset();
  position->clear_lines();
  position->clear_head_bytes();
  position->clear_head_checksum();
  position->clear_done();
}

// Log files of one part, or of all where there are none: from `sealed` to `folder`.
Status NameSealed(FileSystem& files, const std::string& sealed, const std::string& folder,
                  uint64_t first, uint64_t count) {
  if (count == 0) return Status::Ok();
  const auto waiting = files.List(sealed);
  if (waiting.status().code() == Code::kNotFound) return Status::Ok();  // all have their names
  RETURN_IF_ERROR(waiting.status());
  RETURN_IF_ERROR(files.CreateDirectories(folder));
  for (uint64_t i = 0; i < count; ++i) {
    if (!Holds(*waiting, SealedName(i))) continue;  // it has its name
    RETURN_IF_ERROR(
        files.Rename(JoinPath(sealed, SealedName(i)), JoinPath(folder, LogName(first + i))));
  }
  return Status::Ok();
}

}  // namespace

Result<FollowPosition> ReadFollowPosition(FileSystem& files, const std::string& folder) {
  constexpr uint32_t kVersion = 3;
  FollowPosition position;
  ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(folder));
  if (!Holds(names, kFollowPositionName)) {
    RETURN_IF_ERROR(CheckNew(folder, names));
    position.set_version(kVersion);
    return position;
  }
  const std::string path = JoinPath(folder, kFollowPositionName);
  ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(files, path));
  const bool whole = ParsePosition(text, /*allows_unknown=*/true, &position);
  if (whole && position.version() > kVersion) {
    return FailedPrecondition(StrCat(path, " is of a later version of Chorus (", position.version(),
                                     ", this one reads ", kVersion,
                                     "): go on with that one, or import into a new folder"));
  }
  if (whole && position.version() > 0 && ParsePosition(text, false, &position)) {
    if (position.version() == 1) Migrate(&position);
    position.set_version(kVersion);
    return position;
  }
  return DataLoss(StrCat(path, " is damaged, and how far the import was is not known: put it back ",
                         "from a copy of the folder, or import all of the input into a new one"));
}

Status WriteFollowPosition(FileSystem& files, const std::string& folder,
                           const FollowPosition& position) {
  std::string text;
  if (!google::protobuf::TextFormat::PrintToString(position, &text)) {
    return Internal("the position cannot be printed");
  }
  return ReplaceFile(files, JoinPath(folder, kFollowPositionName), text);
}

std::string SealingFolder(const std::string& folder, uint64_t next_file) {
  return JoinPath(folder, StrCat(kSealingPrefix, next_file));
}

Status FinishSealing(FileSystem& files, const std::string& folder, const FollowPosition& position) {
  const uint64_t first = position.next_file() - position.sealing();
  const std::string sealed = SealingFolder(folder, first);
  ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(folder));
  const bool waits = Holds(names, BaseName(sealed));
  if (waits && position.parts().empty()) {
    RETURN_IF_ERROR(NameSealed(files, sealed, folder, first, position.sealing()));
  }
  for (const FollowedPart& part : position.parts()) {
    if (!waits) break;
    RETURN_IF_ERROR(NameSealed(files, JoinPath(sealed, part.name()), JoinPath(folder, part.name()),
                               part.next_file() - part.sealing(), part.sealing()));
  }
  for (const std::string& name : names) {
    if (!name.starts_with(kSealingPrefix)) continue;
    const std::string path = JoinPath(folder, name);
    RETURN_IF_ERROR(name.ends_with(".lock") ? files.Remove(path) : files.RemoveRecursively(path));
  }
  return Status::Ok();
}

Result<uint64_t> HeadChecksum(const RandomAccessFile& file, uint64_t bytes) {
  std::vector<std::byte> head(bytes);
  RETURN_IF_ERROR(file.ReadAt(0, head));
  return Checksum(head);
}

}  // namespace chorus::worker
