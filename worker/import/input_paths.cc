#include "worker/import/input_paths.h"

#include "common/strings.h"
#include "common/uri.h"
#include "worker/import/object_paths.h"
#include "worker/import/wildcard.h"

namespace chorus::worker {
namespace {

bool IsHidden(const std::string& name) { return name.starts_with('.') || name.starts_with('_'); }

// Appends `path`, or the files below it when it is a directory.
void AppendFiles(FileSystem& files, const std::string& path, std::vector<std::string>* out) {
  const auto names = files.List(path);
  if (!names.ok()) {
    out->push_back(path);
    return;
  }
  for (const std::string& name : *names) {
    if (!IsHidden(name)) AppendFiles(files, JoinPath(path, name), out);
  }
}

// The paths that `pattern` matches, one name between '/' after the other.
std::vector<std::string> Matches(FileSystem& files, const std::string& pattern) {
  std::vector<std::string> found = {pattern.starts_with('/') ? "/" : ""};
  for (const std::string& piece : chorus::Split(pattern, '/')) {
    if (piece.empty()) continue;
    std::vector<std::string> longer;
    for (const std::string& folder : found) {
      const auto join = [&](const std::string& name) {
        return folder.empty() ? name : JoinPath(folder, name);
      };
      if (!HasWildcard(piece)) {
        if (files.Exists(join(piece))) longer.push_back(join(piece));
        continue;
      }
      const auto names = files.List(folder.empty() ? "." : folder);
      if (!names.ok()) continue;
      for (const std::string& name : *names) {
        if (!IsHidden(name) && MatchesWildcard(piece, name)) longer.push_back(join(name));
      }
    }
    found = std::move(longer);
  }
  return found;
}

}  // namespace

Result<std::vector<std::string>> ExpandInputPath(FileSystem& files, const std::string& path) {
  if (IsUri(path)) return ExpandObjectUri(path);
  std::vector<std::string> expanded;
  if (files.Exists(path)) {
    AppendFiles(files, path, &expanded);
    if (expanded.empty()) {
      return NotFound(StrCat(path,
                             ": the directory holds no file (names that begin with '.' or "
                             "'_' do not count)"));
    }
    return expanded;
  }
  if (!HasWildcard(path)) return NotFound(StrCat(path, ": no such file"));
  for (const std::string& match : Matches(files, path)) AppendFiles(files, match, &expanded);
  if (expanded.empty()) return NotFound(StrCat(path, ": no file matches"));
  return expanded;
}

}  // namespace chorus::worker
