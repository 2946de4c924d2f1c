#include "launch/compare/run/failed_runs.h"

#include "launch/compare/run/finished_runs.h"

namespace chorus::launch {

Status WriteFailure(FileSystem& files, const std::string& folder, const Status& why) {
  return ReplaceFile(files, JoinPath(folder, kFailedName), why.ToString() + "\n");
}

Result<std::optional<std::string>> FindFailure(FileSystem& files, const PlannedRun& run) {
  const std::string path = run.FailedPath();
  if (!files.Exists(path) || files.Exists(run.DonePath())) return std::optional<std::string>();
  if (!CheckSameJob(files, run).ok()) return std::optional<std::string>();
  ASSIGN_OR_RETURN(std::string why, ReadWholeFile(files, path));
  while (!why.empty() && why.back() == '\n') why.pop_back();
  return std::optional(why.empty() ? "for a reason that is lost" : std::move(why));
}

Status BeginRun(FileSystem& files, const PlannedRun& run) {
  if (files.Exists(run.FailedPath())) {
    const bool same = CheckSameJob(files, run).ok();
    RETURN_IF_ERROR(same ? files.Remove(run.FailedPath()) : files.RemoveRecursively(run.folder));
  }
  // A damaged DONE would hide this attempt's failure.
  if (files.Exists(run.DonePath())) RETURN_IF_ERROR(files.Remove(run.DonePath()));
  return WriteJob(files, run);
}

}  // namespace chorus::launch
