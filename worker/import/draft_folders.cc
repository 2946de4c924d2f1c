#include "worker/import/draft_folders.h"

#include <cstddef>

namespace chorus::worker {

DraftFolders FoldersOfDraft(FileSystem& files, const std::string& schema_name) {
  const DraftFolders plain = {"log", "run"};
  std::string stem = schema_name.substr(schema_name.rfind('/') + 1);
  // A name that begins with a point has no other end.
  if (const size_t point = stem.rfind('.'); point != std::string::npos && point > 0) {
    stem.resize(point);
  }
  if (stem.empty() || (!files.Exists(plain.log) && !files.Exists(plain.run))) return plain;
  return {stem + "-log", stem + "-run"};
}

}  // namespace chorus::worker
