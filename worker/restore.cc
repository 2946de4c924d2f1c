#include "worker/restore.h"

#include <optional>
#include <vector>

#include "common/config.h"
#include "common/log.h"
#include "common/strings.h"
#include "worker/checkpoint_store.h"

namespace chorus::worker {
namespace {

// What may differ between a run and the one it resumes: who computes, and what is told about it.
const std::vector<std::string>& FreeFields() {
  static const std::vector<std::string> fields = {"cluster",    "checkpoint",      "evaluate",
                                                  "report",     "compute.threads", "data.log",
                                                  "warm_start", "data.max_steps"};
  return fields;
}

Result<std::string> LookForResumable(Session* session, uint64_t log_fingerprint) {
  FileSystem& files = *session->environment().files;
  const std::string directory = session->config().checkpoint().directory();
  if (directory.empty()) {
    return InvalidArgument("--resume needs checkpoint.directory in the configuration");
  }
  ASSIGN_OR_RETURN(const std::optional<std::string> folder, FindCheckpoint(files, directory));
  if (!folder.has_value()) {
    LogInfo("no complete checkpoint in ", directory, ": starting from the beginning");
    return std::string();
  }
  ASSIGN_OR_RETURN(const CheckpointManifest manifest, ReadManifest(files, *folder));
  const std::vector<std::string> differing =
      DifferingFields(manifest.config(), session->config(), FreeFields());
  if (!differing.empty()) {
    return FailedPrecondition(StrCat(
        *folder, " was made with another configuration (there | here): ", Join(differing, "; ")));
  }
  if (manifest.log_fingerprint() != log_fingerprint) {
    return FailedPrecondition(*folder + " was trained on another log than data.log names");
  }
  return *folder;
}

// The result of worker 0's look on every worker.
Result<std::string> Share(Session* session, const Result<std::string>& found) {
  // An error of worker 0 ends the job; the others need not be told.
  if (!found.ok()) return found.status();
  return session->environment().collective->Broadcast(*found, 0);
}

}  // namespace

Result<std::string> FindResumable(Session* session, bool resume, uint64_t log_fingerprint) {
  if (!resume) return std::string();
  if (session->environment().collective->rank() != 0) return Share(session, std::string());
  return Share(session, LookForResumable(session, log_fingerprint));
}

Status WarmStart(Session* session) {
  FileSystem& files = *session->environment().files;
  const WarmStartConfig& config = session->config().warm_start();
  const auto look = [&]() -> Result<std::string> {
    ASSIGN_OR_RETURN(const std::optional<std::string> folder,
                     FindCheckpoint(files, config.checkpoint()));
    if (!folder.has_value()) {
      return NotFound("warm_start.checkpoint: no complete checkpoint in " + config.checkpoint());
    }
    ASSIGN_OR_RETURN(const CheckpointManifest manifest, ReadManifest(files, *folder));
    const LogSchema made_for = SchemaOfManifest(manifest);
    if (made_for.slots != session->schema().slots) {
      return FailedPrecondition(*folder +
                                " was trained on a log with other slots than data.log has");
    }
    return *folder;
  };
  const bool is_first = session->environment().collective->rank() == 0;
  ASSIGN_OR_RETURN(const std::string folder, Share(session, is_first ? look() : std::string()));
  const auto mode = config.reset_optimizer() ? Session::RestoreMode::kWarmStartReset
                                             : Session::RestoreMode::kWarmStart;
  ASSIGN_OR_RETURN(const uint64_t step, session->Restore(folder, mode));
  if (is_first) LogInfo("warm start from ", folder);
  (void)step;
  return Status::Ok();
}

}  // namespace chorus::worker
