#include "worker/import/follow_position.h"

#include <google/protobuf/text_format.h>

#include <cstdio>

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

}  // namespace

Result<FollowPosition> ReadFollowPosition(FileSystem& files, const std::string& folder) {
  FollowPosition position;
  const std::string path = JoinPath(folder, kFollowPositionName);
  if (!files.Exists(path)) {
    ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(folder));
    for (const std::string& name : names) {
      // The first position's file, when a kill came while it was written.
      if (name == StrCat(kFollowPositionName, ".tmp")) continue;
      if (name == kFolderLockName || name.starts_with(kSealingPrefix)) continue;
      return FailedPrecondition(StrCat(folder, " holds ", name, ", and no ", kFollowPositionName,
                                       " of an import that was followed: choose a new folder"));
    }
    position.set_version(1);
    return position;
  }
  ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(files, path));
  if (!google::protobuf::TextFormat::ParseFromString(text, &position) || position.version() != 1) {
    return DataLoss(path + ": this version cannot read it");
  }
  return position;
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
  for (uint64_t i = 0; i < position.sealing(); ++i) {
    const std::string from = JoinPath(sealed, SealedName(i));
    if (!files.Exists(from)) continue;  // it has its name
    RETURN_IF_ERROR(files.Rename(from, JoinPath(folder, LogName(first + i))));
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(folder));
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
