#include "worker/train/fenced_files.h"

#include <optional>
#include <string_view>
#include <vector>

#include "common/strings.h"

namespace chorus::worker {
namespace {

constexpr std::string_view kTemporarySuffix = ".tmp";

bool IsTemporary(std::string_view path) { return path.ends_with(kTemporarySuffix); }

}  // namespace

// A temporary file's own name, any other's as it is.
std::string FencedFiles::NameOf(const std::string& path) const {
  if (!claim_.has_value() || !IsTemporary(path)) return path;
  return StrCat(path.substr(0, path.size() - kTemporarySuffix.size()), ".", claim_->token(),
                kTemporarySuffix);
}

// What cannot be removed is nobody's but this name's, and is tried again with the next one.
void FencedFiles::RemoveOlder(const std::string& path) {
  const std::string directory = DirectoryOf(path);
  const Result<std::vector<std::string>> names = files_.List(directory);
  if (!names.ok()) return;
  const std::string name = BaseName(path);
  std::string stem = name.substr(0, name.size() - kTemporarySuffix.size() + 1);  // "BEST."
  // A file that has this claim in its name is another's with another claim: "BEST.8-61b0f7d2.".
  if (const std::string own = StrCat(".", claim_->token(), "."); stem.ends_with(own)) {
    stem.resize(stem.size() - own.size() + 1);
  }
  for (const std::string& other : *names) {
    if (!other.starts_with(stem) || !IsTemporary(other)) continue;
    const std::optional<uint64_t> number = NumberOfToken(other.substr(stem.size()));
    if (number.has_value() && *number < claim_->number()) {
      (void)files_.Remove(JoinPath(directory, other));
    }
  }
}

Result<std::unique_ptr<WritableFile>> FencedFiles::Create(const std::string& path) {
  RETURN_IF_ERROR(Check());
  if (claim_.has_value() && IsTemporary(path)) RemoveOlder(path);
  return files_.Create(NameOf(path));
}

Result<std::unique_ptr<WritableFile>> FencedFiles::OpenForAppend(const std::string& path) {
  RETURN_IF_ERROR(Check());
  return files_.OpenForAppend(path);
}

Status FencedFiles::Rename(const std::string& from, const std::string& to) {
  RETURN_IF_ERROR(Check());
  return files_.Rename(NameOf(from), to);
}

Status FencedFiles::CreateDirectories(const std::string& path) {
  RETURN_IF_ERROR(Check());
  return files_.CreateDirectories(path);
}

// A temporary file of this name is this job's, whoever goes on.
Status FencedFiles::Remove(const std::string& path) {
  if (!IsTemporary(path)) RETURN_IF_ERROR(Check());
  return files_.Remove(NameOf(path));
}

Status FencedFiles::RemoveRecursively(const std::string& path) {
  RETURN_IF_ERROR(Check());
  return files_.RemoveRecursively(path);
}

bool FencedFiles::Exists(const std::string& path) { return files_.Exists(NameOf(path)); }

}  // namespace chorus::worker
