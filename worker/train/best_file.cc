#include "worker/train/best_file.h"

#include <map>
#include <string_view>
#include <vector>

#include "common/log.h"
#include "common/strings.h"
#include "worker/train/checkpoint_claim.h"
#include "worker/train/checkpoint_store.h"
#include "worker/train/checksummed_text.h"

namespace chorus::worker {
namespace {

constexpr std::string_view kBestName = "BEST";

// Names by the number of their claim; 0: of a job without one.
Result<std::map<uint64_t, std::string>> BestFiles(FileSystem& files, const std::string& directory) {
  std::map<uint64_t, std::string> found;
  const Result<std::vector<std::string>> names = files.List(directory);
  if (names.status().code() == Code::kNotFound) return found;
  RETURN_IF_ERROR(names.status());
  const std::string prefix = StrCat(kBestName, ".");
  for (const std::string& name : *names) {
    if (name == kBestName) found.emplace(0, name);
    if (!name.starts_with(prefix) || name.ends_with(".tmp")) continue;
    const auto number = NumberOfToken(std::string_view(name).substr(prefix.size()));
    if (number.has_value()) found.emplace(*number, name);
  }
  return found;
}

}  // namespace

Result<std::optional<BestCheckpoint>> ReadBest(FileSystem& files, const std::string& directory) {
  ASSIGN_OR_RETURN(const auto found, BestFiles(files, directory));
  if (found.empty()) return std::optional<BestCheckpoint>();
  const std::string path = JoinPath(directory, found.rbegin()->second);
  BestCheckpoint best;
  RETURN_IF_ERROR(ReadChecksummedText(files, path, &best));
  if (!files.Exists(JoinPath(CheckpointFolder(directory, best.step()), kManifestName))) {
    LogWarning(path, " names step ", best.step(), ", whose checkpoint is not there any more");
    return std::optional<BestCheckpoint>();
  }
  return std::optional<BestCheckpoint>(best);
}

Status WriteBest(FileSystem& files, const std::string& directory, const BestCheckpoint& best,
                 const std::string& claim) {
  const std::string name = claim.empty() ? std::string(kBestName) : StrCat(kBestName, ".", claim);
  RETURN_IF_ERROR(WriteChecksummedText(files, JoinPath(directory, name), best));
  ASSIGN_OR_RETURN(const auto found, BestFiles(files, directory));
  const uint64_t own = NumberOfToken(claim).value_or(0);
  for (const auto& [number, other] : found) {
    // One that stays is passed over, and tried again with the next evaluation.
    if (number < own) (void)files.Remove(JoinPath(directory, other));
  }
  return Status::Ok();
}

Status RemoveBest(FileSystem& files, const std::string& directory) {
  ASSIGN_OR_RETURN(const auto found, BestFiles(files, directory));
  for (const auto& [number, name] : found) {
    RETURN_IF_ERROR(files.Remove(JoinPath(directory, name)));
  }
  return Status::Ok();
}

}  // namespace chorus::worker
