#include "worker/train/restore.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <optional>
#include <string>
#include <vector>

#include "common/config.h"
#include "common/log.h"
#include "common/strings.h"
#include "worker/train/checkpoint_store.h"
#include "worker/train/wait_for_first.h"

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
                                                  "data.max_steps",
                                                  "data.follow_seconds"};
  return fields;
}

// The schedules whose decay ends with the planned run, with which a run of another length has other
// learning rates: "table.0.schedule and model.schedule"; "" if there are none.
std::string SchedulesOfPlan(const TrainConfig& config) {
  std::vector<std::string> names;
  const auto add = [&](const std::string& path, const ScheduleConfig& schedule) {
    const bool ends = schedule.decay() != ScheduleConfig::CONSTANT && schedule.decay_steps() == 0;
    if (ends) names.push_back(StrCat(path, ".schedule"));
  };
  for (int i = 0; i < config.table_size(); ++i)
    add(StrCat("table.", i), config.table(i).schedule());
  add("model", config.model().schedule());
  return Join(names, " and ");
}

// A directory of checkpoints belongs to one run.
Status CheckUnused(const TrainConfig& config, FileSystem& files) {
  const std::string& directory = config.checkpoint().directory();
  if (directory.empty()) return Status::Ok();
  ASSIGN_OR_RETURN(const std::optional<std::string> folder, FindCheckpoint(files, directory));
  if (!folder.has_value()) return Status::Ok();
  return FailedPrecondition(StrCat("checkpoint.directory: ", *folder,
                                   " is a checkpoint already; give a new directory, continue that "
                                   "run with --resume, or remove it"));
}

// A field that a checkpoint's build did not have yet counts as its default.
Result<TrainConfig> Completed(TrainConfig config) {
  RETURN_IF_ERROR(FinishTrainConfig("configuration", &config));
  return config;
}

// fingerprint: of the log that the checkpoint was trained on.
Status CheckLog(const std::string& checkpoint, uint64_t fingerprint, const LogReader& log) {
  if (fingerprint == log.fingerprint()) return Status::Ok();
  const LogLabels& labels = log.labels();
  const auto before =
      std::find(labels.fingerprints.begin(), labels.fingerprints.end(), fingerprint);
  if (before == labels.fingerprints.end()) {
    return FailedPrecondition(StrCat(
        checkpoint,
        " was trained on another log than data.log names: --resume goes on with the log that the "
        "run began with; a new run, with a checkpoint.directory of its own and "
        "warm_start.checkpoint: \"",
        checkpoint, "\", takes the model to another one"));
  }
  const auto came = static_cast<size_t>(before - labels.fingerprints.begin());
  return FailedPrecondition(
      StrCat(checkpoint, " was trained on this log before labels came to it (", labels.files[came],
             came + 1 < labels.files.size() ? " and later ones" : "",
             "): what a run computes is of one state of the labels; to go on from its model, set "
             "warm_start.checkpoint=",
             checkpoint, " and a new checkpoint.directory"));
}

// Files one by one, and files as one log, are two orders of the same exposures.
Status CheckFollows(const std::string& checkpoint, const CheckpointManifest& manifest,
                    const TrainConfig& config) {
  const bool did = manifest.followed_files() > 0, does = config.data().follow_seconds() > 0;
  if (did == does) return Status::Ok();
  return FailedPrecondition(
      StrCat(checkpoint,
             did ? " was trained with data.follow_seconds, file by file: set it again"
                 : " was trained without data.follow_seconds, on all files as one log: "
                   "go on without it",
             ", or go on from the model in a new run (warm_start.checkpoint=", checkpoint,
             " and a new checkpoint.directory)"));
}

Result<std::string> LookForResumable(const TrainConfig& config, Resume resume, const RunPlan& plan,
                                     FileSystem& files) {
  const std::string directory = config.checkpoint().directory();
  if (directory.empty()) {
    return InvalidArgument("--resume needs checkpoint.directory in the configuration");
  }
  ASSIGN_OR_RETURN(const std::optional<std::string> folder, resume == Resume::kNewestWhole
                                                                ? SetAsideDamaged(files, directory)
                                                                : FindCheckpoint(files, directory));
  if (!folder.has_value()) return std::string();
  ASSIGN_OR_RETURN(const CheckpointManifest manifest, ReadManifest(files, *folder));
  RETURN_IF_ERROR(CheckResumable(*folder, manifest, config, plan));
  return *folder;
}

// The result of worker 0's look on every worker.
Result<std::string> Share(const WorkerEnvironment& environment, const Result<std::string>& found) {
  // An error of worker 0 ends the job; the others need not be told.
  if (!found.ok()) return found.status();
  return environment.collective->Broadcast(*found, 0);
}

// Worker 0's look, shared likewise, where it reads whole checkpoints and may take long.
Result<std::string> LookLong(const TrainConfig& config, Resume resume, const RunPlan& plan,
                             const WorkerEnvironment& environment) {
  Collective* const collective = environment.collective;
  std::future<Result<std::string>> look;
  if (collective->rank() == 0) {
    look = std::async(std::launch::async,
                      [&] { return LookForResumable(config, resume, plan, *environment.files); });
  }
  RETURN_IF_ERROR(WaitForFirst(
      collective, config.cluster().deadline_seconds(), [&](double seconds) -> Result<bool> {
        return look.wait_for(std::chrono::duration<double>(seconds)) == std::future_status::ready;
      }));
  return Share(environment,
               collective->rank() == 0 ? look.get() : Result<std::string>(std::string()));
}

}  // namespace

Status CheckResumable(const std::string& checkpoint, const CheckpointManifest& manifest,
                      const TrainConfig& config, const RunPlan& plan) {
  ASSIGN_OR_RETURN(const TrainConfig there_was, Completed(manifest.config()));
  ASSIGN_OR_RETURN(const TrainConfig here_is, Completed(config));
  const std::vector<std::string> differing = DifferingFields(there_was, here_is, FreeFields());
  if (!differing.empty()) {
    return FailedPrecondition(StrCat(
        checkpoint, " was made with another configuration (there | here): ", Join(differing, "; "),
        "; to go on from its model in a new run, for more epochs or at other rates, set "
        "warm_start.checkpoint=",
        checkpoint, " and a new checkpoint.directory"));
  }
  RETURN_IF_ERROR(CheckFollows(checkpoint, manifest, config));
  if (plan.log == nullptr) return Status::Ok();
  RETURN_IF_ERROR(CheckLog(checkpoint, manifest.log_fingerprint(), *plan.log));
  const std::string schedules = SchedulesOfPlan(config);
  if (manifest.planned_steps() != plan.planned_steps && !schedules.empty()) {
    return FailedPrecondition(StrCat(
        checkpoint, " is of a run of ", manifest.planned_steps(), " steps, this one has ",
        plan.planned_steps, " (data.max_steps), and by ", schedules,
        ", which fits the log where it is not written, rates decay until the last step: keep the "
        "number of steps, or go on from its model in a new run (warm_start.checkpoint=",
        checkpoint, " and a new checkpoint.directory); a run that may become longer is begun with ",
        "the schedule's decay: CONSTANT or decay_steps"));
  }
  return Status::Ok();
}

Result<std::string> FindResumable(const TrainConfig& config, Resume resume, const RunPlan& plan,
                                  const WorkerEnvironment& environment) {
  if (resume == Resume::kNewestWhole) return LookLong(config, resume, plan, environment);
  if (environment.collective->rank() > 0) return Share(environment, std::string());
  FileSystem& files = *environment.files;
  if (resume != Resume::kNothing) {
    return Share(environment, LookForResumable(config, resume, plan, files));
  }
  RETURN_IF_ERROR(CheckUnused(config, files));
  return Share(environment, std::string());
}

Result<CheckpointManifest> ShareManifest(const std::string& folder,
                                         const WorkerEnvironment& environment) {
  CheckpointManifest manifest;
  if (environment.collective->rank() == 0) {
    ASSIGN_OR_RETURN(manifest, ReadManifest(*environment.files, folder));
  }
  ASSIGN_OR_RETURN(const std::string bytes,
                   environment.collective->Broadcast(manifest.SerializeAsString(), 0));
  if (!manifest.ParseFromString(bytes)) return Internal("worker 0's manifest did not arrive");
  return manifest;
}

std::string DoubtOfDevice(const std::string& folder, const CheckpointManifest& manifest,
                          const std::string& computes_on) {
  if (manifest.computed_on().empty() || manifest.computed_on() == computes_on) return "";
  return StrCat(folder, " was computed on ", manifest.computed_on(), ", this run computes on ",
                computes_on, ": the same mathematics, rounded otherwise");
}

}  // namespace chorus::worker
