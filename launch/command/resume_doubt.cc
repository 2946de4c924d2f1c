#include "launch/command/resume_doubt.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "common/strings.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::launch {
namespace {

constexpr size_t kMostLookedAt = 256;  // folders of a level
constexpr size_t kMostNamed = 3;

bool HoldsCheckpoint(FileSystem& files, const std::string& directory) {
  const auto found = worker::FindCheckpoint(files, directory);
  return found.ok() && found->has_value();
}

// Folders that hold a checkpoint: below `parent`, each with `rest` behind its name.
void AddNear(FileSystem& files, const std::string& parent, const std::string& rest,
             std::vector<std::string>* found) {
  const auto names = files.List(parent);
  if (!names.ok()) return;
  const size_t looked_at = std::min(names->size(), kMostLookedAt);
  for (size_t i = 0; i < looked_at && found->size() < kMostNamed; ++i) {
    const std::string name = parent == "." ? (*names)[i] : JoinPath(parent, (*names)[i]);
    const std::string folder = rest.empty() ? name : JoinPath(name, rest);
    if (HoldsCheckpoint(files, folder)) found->push_back(folder);
  }
}

// Folders that hold a checkpoint instead: of another name (RUN/ckpt2), or in another run's folder
// (RUN2/ckpt).
std::vector<std::string> FoldersNear(FileSystem& files, const std::string& directory) {
  std::vector<std::string> found;
  const std::string parent = DirectoryOf(directory);
  AddNear(files, parent, "", &found);
  AddNear(files, DirectoryOf(parent), BaseName(directory), &found);
  return found;
}

}  // namespace

std::string DoubtOfResume(FileSystem& files, const std::string& directory, bool existed) {
  const auto newest = worker::FindCheckpoint(files, directory);
  if (!newest.ok() || newest->has_value()) return "";
  const std::vector<std::string> near = FoldersNear(files, directory);
  return StrCat("--resume: checkpoint.directory ", directory,
                existed ? " holds no complete checkpoint" : " did not exist",
                ": training begins at step 1; is its name right?",
                near.empty() ? "" : StrCat(" Checkpoints are in ", Join(near, ", ")));
}

}  // namespace chorus::launch
