#include "worker/import/rotated_files.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "common/strings.h"
#include "worker/import/follow_position.h"

namespace chorus::worker {
namespace {

// What a rotation puts behind a name: ".17", or a date.
struct RotationMark {
  bool is_number = false;
  uint64_t number = 0;
  std::string date = {};
  bool IsOlderThan(const RotationMark& other) const {
    return is_number ? number > other.number : date < other.date;
  }
};

// False: the name is none of a rotation.
bool ReadMark(std::string_view behind, RotationMark* mark) {
  constexpr size_t kMostDigits = 4;  // of a number; a date has more
  if (behind.size() < 2 || (behind[0] != '.' && behind[0] != '-')) return false;
  const std::string_view text = behind.substr(1);
  if (text.find_first_not_of("0123456789-_:T") != std::string_view::npos) return false;
  const auto number = ParseUint64(text);
  mark->is_number = number.has_value() && behind[0] == '.' && text.size() <= kMostDigits;
  if (mark->is_number) mark->number = *number;
  mark->date = text;
  return true;
}

struct RotatedFile {
  std::string path;
  RotationMark mark;
};

std::vector<RotatedFile> RotatedOf(FileSystem& files, const std::string& path) {
  std::vector<RotatedFile> rotated;
  const auto names = files.List(DirectoryOf(path));
  if (!names.ok()) return rotated;  // a path without a directory in a file system of paths alone
  const std::string base = BaseName(path);
  const std::string before = path.substr(0, path.size() - base.size());
  for (const std::string& name : *names) {
    RotationMark mark;
    if (!name.starts_with(base) || !ReadMark(std::string_view(name).substr(base.size()), &mark)) {
      continue;
    }
    rotated.push_back({before + name, mark});
  }
  return rotated;
}

}  // namespace

Result<bool> HasHead(FileSystem& files, const std::string& path, const FileHead& head) {
  const auto file = files.OpenForRead(path);
  if (file.status().code() == Code::kNotFound) return false;
  RETURN_IF_ERROR(file.status());
  if ((*file)->size() < std::max(head.bytes, head.least_size)) return false;
  ASSIGN_OR_RETURN(const uint64_t checksum, HeadChecksum(**file, head.bytes));
  return checksum == head.checksum;
}

namespace {

Result<std::string> FindOnce(FileSystem& files, const std::string& path, const FileHead& head) {
  std::vector<std::string> names = {path};
  for (const RotatedFile& file : RotatedOf(files, path)) names.push_back(file.path);
  std::vector<std::string> alike;
  Status unread;  // of the first one that cannot be read
  for (const std::string& name : names) {
    const bool has_id = head.id != 0 && files.IdOf(name) == head.id;
    if (head.bytes == 0 && has_id) return name;
    if (head.bytes == 0) continue;
    const Result<bool> is_alike = HasHead(files, name, head);
    // Any folder, or an old file that only root may read, can have such a name.
    if (!is_alike.ok() && name != path && unread.ok()) unread = is_alike.status();
    if (!is_alike.ok() && name != path) continue;
    RETURN_IF_ERROR(is_alike.status());
    if (!*is_alike) continue;
    if (has_id && files.IdOf(name) == head.id) return name;
    alike.push_back(name);
  }
  if (alike.empty() && !unread.ok() && unread.code() != Code::kInvalidArgument) {
    return unread.Annotate(StrCat("looking for what was read as ", path));
  }
  if (alike.size() < 2) return alike.empty() ? std::string() : alike[0];
  return FailedPrecondition(StrCat(Join(alike, " and "),
                                   " begin alike, and which of them was read ", "as ", path,
                                   " cannot be told"));
}

}  // namespace

Result<std::string> FindFollowed(FileSystem& files, const std::string& path, const FileHead& head) {
  Result<std::string> found = FindOnce(files, path, head);
  const bool is_it =
      found.ok() && !found->empty() && (head.id == 0 || files.IdOf(*found) == head.id);
  // Files may have been renamed while they were looked at in turn.
  return is_it ? found : FindOnce(files, path, head);
}

Result<std::string> NextRotated(FileSystem& files, const std::string& path,
                                const std::string& rotated) {
  if (rotated == path) return path;
  RotationMark current;
  ReadMark(std::string_view(rotated).substr(path.size()), &current);
  const RotatedFile* next = nullptr;
  const std::vector<RotatedFile> all = RotatedOf(files, path);
  for (const RotatedFile& file : all) {
    if (file.mark.is_number != current.is_number || !current.IsOlderThan(file.mark)) continue;
    if (next == nullptr || file.mark.IsOlderThan(next->mark)) next = &file;
  }
  return next == nullptr ? path : next->path;
}

}  // namespace chorus::worker
