#include "worker/train/restore.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "common/config.h"
#include "common/log.h"
#include "common/strings.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::worker {
namespace {

// What may differ between a run and the one it resumes: who computes, and what is told about it.
const std::vector<std::string>& FreeFields() {
  static const std::vector<std::string> fields = {"cluster",
                                                  "checkpoint",
                                                  "evaluate",
                                                  "report",
                                                  "compute.threads",
                                                  "compute.reader_threads",
                                                  "compute.backend",
                                                  "compute.cuda.library",
                                                  "compute.cuda.share_devices",
                                                  "compute.cuda.step_memory_mb",
                                                  "compute.cuda.collective",
                                                  "compute.cuda.bucket_kb",
                                                  "compute.cuda.graphs",
                                                  "data.log",
                                                  "warm_start",
                                                  "data.max_steps"};
  return fields;
}

// True when a decay ends with the planned run: a run of another length has other learning rates.
bool PlanMatters(const TrainConfig& config) {
  const auto ends_with_run = [](const ScheduleConfig& schedule) {
    return schedule.decay() != ScheduleConfig::CONSTANT && schedule.decay_steps() == 0;
  };
  return ends_with_run(config.model().schedule()) ||
         std::any_of(config.table().begin(), config.table().end(),
                     [&](const TableConfig& table) { return ends_with_run(table.schedule()); });
}

// A directory of checkpoints belongs to one run.
Status CheckUnused(Session* session) {
  const std::string& directory = session->config().checkpoint().directory();
  if (directory.empty()) return Status::Ok();
  ASSIGN_OR_RETURN(const std::optional<std::string> folder,
                   FindCheckpoint(*session->environment().files, directory));
  if (!folder.has_value()) return Status::Ok();
  return FailedPrecondition(StrCat("checkpoint.directory: ", *folder,
                                   " is a checkpoint already; give a new directory, continue that "
                                   "run with --resume, or remove it"));
}

Result<std::string> LookForResumable(Session* session, const RunPlan& plan) {
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
  if (manifest.log_fingerprint() != plan.log_fingerprint) {
    return FailedPrecondition(*folder + " was trained on another log than data.log names");
  }
  if (manifest.planned_steps() != plan.planned_steps && PlanMatters(session->config())) {
    return FailedPrecondition(StrCat(
        *folder, " is of a run of ", manifest.planned_steps(), " steps, this one has ",
        plan.planned_steps, " (data.max_steps), and a schedule decays until the last step: ",
        "keep the number of steps, or set that schedule's decay_steps before the first run"));
  }
  const std::string& there = manifest.computed_on();
  const std::string here = session->engine().computes_on();
  if (!there.empty() && there != here) {
    LogWarning(*folder, " was computed on ", there, ", this run computes on ", here,
               ": the same mathematics, rounded otherwise");
  }
  return *folder;
}

template <typename Optimizer>
std::string KindOf(const Optimizer& optimizer) {
  const auto* const field = optimizer.GetReflection()->GetOneofFieldDescriptor(
      optimizer, optimizer.GetDescriptor()->FindOneofByName("kind"));
  return field == nullptr ? "none" : std::string(field->name());
}

// Whether the state that the checkpoint's optimizers left means the same to ours.
Status CheckOptimizers(const TrainConfig& there, const TrainConfig& here) {
  std::vector<std::string> differing;
  const auto compare = [&](const std::string& field, const auto& old_one, const auto& new_one) {
    if (KindOf(old_one) == KindOf(new_one)) return;
    differing.push_back(StrCat(field, ": ", KindOf(old_one), " | ", KindOf(new_one)));
  };
  compare("model.optimizer", there.model().optimizer(), here.model().optimizer());
  for (const TableConfig& table : here.table()) {
    const auto old = std::find_if(there.table().begin(), there.table().end(),
                                  [&](const auto& t) { return t.name() == table.name(); });
    if (old == there.table().end()) continue;
    compare(StrCat("table ", table.name(), ": optimizer"), old->optimizer(), table.optimizer());
  }
  if (differing.empty()) return Status::Ok();
  return FailedPrecondition(
      StrCat("has the state of other optimizers (there | here): ", Join(differing, "; "),
             "; set warm_start.reset_optimizer to keep its weights alone"));
}

// The result of worker 0's look on every worker.
Result<std::string> Share(Session* session, const Result<std::string>& found) {
  // An error of worker 0 ends the job; the others need not be told.
  if (!found.ok()) return found.status();
  return session->environment().collective->Broadcast(*found, 0);
}

}  // namespace

Result<std::string> FindResumable(Session* session, bool resume, const RunPlan& plan) {
  if (session->environment().collective->rank() != 0) return Share(session, std::string());
  if (resume) return Share(session, LookForResumable(session, plan));
  RETURN_IF_ERROR(CheckUnused(session));
  return Share(session, std::string());
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
    if (made_for.numerics != session->schema().numerics) {
      return FailedPrecondition(*folder +
                                " was trained on a log whose numeric columns are others than "
                                "data.log's, or normalised otherwise");
    }
    if (!config.reset_optimizer()) {
      RETURN_IF_ERROR(CheckOptimizers(manifest.config(), session->config()).Annotate(*folder));
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
