#include "launch/command/scoring.h"

#include <cstdio>
#include <memory>
#include <optional>
#include <utility>

#include "common/config.h"
#include "common/log.h"
#include "common/strings.h"
#include "launch/command/chosen_checkpoint.h"
#include "launch/command/fitted_config.h"
#include "launch/job/job.h"
#include "launch/job/mpi_world.h"
#include "worker/log/manifest_schema.h"
#include "worker/model/embeddings.h"
#include "worker/train/checkpoint_store.h"
#include "worker/train/log_keys.h"

namespace chorus::launch {
namespace {

// The complete checkpoint that `path` names. Error: kNotFound.
Result<std::string> CheckpointAt(const std::string& path, bool best) {
  if (path.empty()) {
    return InvalidArgument(
        "no checkpoint: give --checkpoint, or a --config with checkpoint.directory");
  }
  return worker::ChooseCheckpoint(PosixFiles(), path, best);
}

// The configuration that a checkpoint was made with, without what that run chose for its own
// machines: a checkpoint must not say which library is opened, or that there is a GPU.
TrainConfig ConfigOf(const CheckpointManifest& manifest) {
  TrainConfig config = manifest.config();
  const ComputeConfig there = config.compute();
  config.clear_compute();
  config.mutable_compute()->set_isa(there.isa());
  config.mutable_compute()->set_precision(there.precision());
  config.mutable_cluster()->clear_listen_address();
  config.mutable_cluster()->clear_protection();
  config.mutable_cluster()->clear_key_file();
  config.clear_report();
  return config;
}

// What to do about a checkpoint that cannot be read; not of one that is gone.
Status WithRemedy(const std::string& folder, const Status& status) {
  if (IsGone(PosixFiles(), folder)) return status;
  if (status.code() != Code::kDataLoss && status.code() != Code::kNotFound) return status;
  const std::string other = worker::OtherCheckpoint(PosixFiles(), folder);
  return Status(status.code(),
                StrCat(status.message(), "; the checkpoint ", folder, " is damaged: ",
                       other.empty() ? "there is no other one beside it"
                                     : StrCat("give another one, --checkpoint ", other)));
}

class ScoringJob {
 public:
  explicit ScoringJob(const ScoringRequest& request)
      : config_file_(request.config.config_file),
        sets_(request.config.sets),
        checkpoint_(request.checkpoint),
        best_(request.best),
        needs_log_(request.needs_log) {
    sets_.insert(sets_.end(), request.overrides.begin(), request.overrides.end());
  }

  // The job of the checkpoint that is named now; a later call may find a newer one.
  Result<TrainConfig> Load() {
    if (!config_file_.empty()) {
      ASSIGN_OR_RETURN(TrainConfig config, LoadTrainConfig(config_file_, sets_, KeepSettings()));
      RETURN_IF_ERROR(worker::ExpandEmbeddings(&config));
      if (!checkpoint_.empty()) config.mutable_checkpoint()->set_directory(checkpoint_);
      return WithCheckpoint(config);
    }
    if (checkpoint_.empty()) return CheckpointAt("", best_).status();
    given_ = checkpoint_;
    std::string folder;
    CheckpointManifest manifest;
    RETURN_IF_ERROR(
        ReadChosen(PosixFiles(), checkpoint_, best_, [&](const std::string& chosen) -> Status {
          Result<CheckpointManifest> read = worker::ReadManifest(PosixFiles(), chosen);
          if (!read.ok()) return WithRemedy(chosen, read.status());
          folder = chosen;
          manifest = std::move(*read);
          return Status::Ok();
        }));
    TrainConfig config = ConfigOf(manifest);
    RETURN_IF_ERROR(ApplySets(sets_, &config));
    RETURN_IF_ERROR(FinishTrainConfig(folder, &config));
    RETURN_IF_ERROR(worker::ExpandEmbeddings(&config));
    config.mutable_checkpoint()->set_directory(folder);
    return WithLog(config);
  }
  // What the last call has looked for a checkpoint in, or its folder itself.
  const std::string& given() const { return given_; }

 private:
  // The job may leave open settings that its run fitted to its log: the widths of towers are the
  // model's.
  FillUnwritten KeepSettings() const {
    return [this](TrainConfig* written) -> Status {
      const std::string& path =
          checkpoint_.empty() ? written->checkpoint().directory() : checkpoint_;
      const Result<std::string> folder = CheckpointAt(path, best_);
      if (folder.ok()) KeepSettingsOfCheckpoint(*folder, written);
      return Status::Ok();
    };
  }
  // checkpoint.directory becomes the very checkpoint, so that all ranks read the same.
  Result<TrainConfig> WithCheckpoint(TrainConfig config) {
    given_ = config.checkpoint().directory();
    ASSIGN_OR_RETURN(const std::string folder, CheckpointAt(given_, best_));
    config.mutable_checkpoint()->set_directory(folder);
    return WithLog(config);
  }
  Result<TrainConfig> WithLog(const TrainConfig& config) const {
    if (needs_log_ && config.evaluate().log_size() == 0) {
      return InvalidArgument(
          "no log: give --log, or evaluate.log in the configuration; predict takes text with "
          "--input");
    }
    return config;
  }

  const std::string config_file_;
  std::vector<std::string> sets_;
  const std::string checkpoint_;
  const bool best_;
  const bool needs_log_;
  std::string given_;
};

// The session of the job's checkpoint, loaded into the servers.
Result<std::unique_ptr<worker::Session>> OpenSession(const ScoringRequest& request,
                                                     const TrainConfig& config,
                                                     const worker::WorkerEnvironment& environment) {
  const std::string folder = config.checkpoint().directory();
  ASSIGN_OR_RETURN(const CheckpointManifest manifest,
                   worker::ReadManifest(*environment.files, folder));
  ASSIGN_OR_RETURN(
      std::unique_ptr<worker::Session> session,
      worker::Session::Create(config, worker::SchemaOfManifest(manifest), environment));
  std::optional<worker::KeysOfTables> keys;
  if (request.needs_log) {
    const std::vector<std::string> log(config.evaluate().log().begin(),
                                       config.evaluate().log().end());
    ASSIGN_OR_RETURN(keys, worker::FewKeysOfLog(session.get(), log, manifest));
  }
  const Result<uint64_t> step = session->RestoreRows(folder, keys.has_value() ? &*keys : nullptr);
  if (!step.ok()) return WithRemedy(folder, step.status());
  if (environment.collective->rank() == 0) {
    LogInfo("model of step ", *step, " from ", folder,
            keys.has_value() ? " (of its rows, those that the log reads)" : "");
  }
  return session;
}

}  // namespace

std::vector<std::string> LogOverrides(const std::vector<std::string>& log) {
  if (log.empty()) return {};
  return {"evaluate.log=" + Join(log, ",")};
}

Status RunScoring(const ScoringRequest& request, const ScoringMain& work) {
  ScoringJob job(request);
  if (request.config.print_config) {
    ASSIGN_OR_RETURN(const TrainConfig config, job.Load());
    std::fputs(PrintConfig(config).c_str(), stdout);
    return Status::Ok();
  }
  bool wanted = true;  // one more job
  int choice = 0;
  const JobSource next = [&]() -> Result<std::optional<Job>> {
    if (!std::exchange(wanted, false)) return std::optional<Job>();
    ++choice;
    ASSIGN_OR_RETURN(TrainConfig config, job.Load());
    return std::optional<Job>(Job{.config = std::move(config), .label = "", .saves = Saves::kNo});
  };
  const WorkerMain read = [&](const TrainConfig& config,
                              const worker::WorkerEnvironment& environment) -> Status {
    const Result<std::unique_ptr<worker::Session>> session =
        OpenSession(request, config, environment);
    if (session.ok()) {
      RETURN_IF_ERROR(environment.collective->Barrier());
      return work(session->get());
    }
    const std::string& folder = config.checkpoint().directory();
    if (!IsGone(*environment.files, folder)) return session.status();
    const std::string given = request.checkpoint.empty() ? job.given() : request.checkpoint;
    // Under mpirun other ranks may be in the midst of reading: their job ends.
    wanted = !MpiWorld::Launched() && ChoosesAgain(folder, given, choice);
    return wanted ? Status::Ok() : RemovedWhileRead(*environment.files, folder, given);
  };
  return RunJobs(StartDeadline(LoadTrainConfig(request.config.config_file, request.config.sets)),
                 next, read)
      .status();
}

}  // namespace chorus::launch
