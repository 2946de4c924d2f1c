// `chorus train`: trains a model on all ranks of the job, or in this process alone.

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/config.h"
#include "common/file.h"
#include "common/log.h"
#include "common/stop_signal.h"
#include "common/strings.h"
#include "common/write_lock.h"
#include "launch/command/commands.h"
#include "launch/command/fitted_config.h"
#include "launch/command/print_fitted.h"
#include "launch/command/print_training.h"
#include "launch/command/resume_doubt.h"
#include "launch/command/wait_for_first_file.h"
#include "launch/job/job.h"
#include "launch/job/job_settings.h"
#include "launch/job/monitor.h"
#include "launch/job/rank_counters.h"
#include "worker/steps/fit_settings.h"
#include "worker/train/checkpoint_claim.h"
#include "worker/train/trainer.h"

namespace chorus::launch {
namespace {

// The right to write in checkpoint.directory, for the whole job: rank 0 has it. A job that follows
// a killed one waits for its rank 0.
struct FolderRight {
  std::unique_ptr<FileLock> lock;
  std::optional<uint64_t> claims_before;
};

Result<FolderRight> LockCheckpoints(const TrainConfig& config) {
  const std::string& directory = config.checkpoint().directory();
  if (directory.empty()) return FolderRight();
  constexpr char kField[] = "checkpoint.directory";
  const Status made = PosixFiles().CreateDirectories(directory);
  if (!made.ok()) return made.Annotate(kField);
  Result<std::unique_ptr<FileLock>> lock = LockFolder(PosixFiles(), directory, kWriterEndSeconds);
  if (!lock.ok()) return lock.status().Annotate(kField);
  const Result<std::vector<std::string>> names = PosixFiles().List(directory);
  if (!names.ok()) return names.status().Annotate(kField);
  return FolderRight{std::move(*lock), worker::NewestClaim(*names)};
}

Result<TrainConfig> LoadTrainingJob(const TrainArguments& arguments) {
  std::vector<worker::FittedSetting> fitted;
  ASSIGN_OR_RETURN(TrainConfig config, LoadFitted(arguments.config, arguments.resume, &fitted));
  RETURN_IF_ERROR(CheckJobSettings(config));
  if (!config.report().prometheus().empty()) {
    RETURN_IF_ERROR(ParseMonitorAddress(config.report().prometheus(), 0).status());
  }
  if (arguments.resume != worker::Resume::kNothing && config.checkpoint().directory().empty()) {
    return InvalidArgument("checkpoint.directory: --resume needs to know where checkpoints lie");
  }
  if (const std::string doubt = DoubtOfJobSettings(config); !doubt.empty()) LogWarning(doubt);
  std::vector<std::string> chosen;
  for (const worker::FittedSetting& setting : fitted) {
    chosen.push_back(StrCat(setting.field, "=", setting.value));
  }
  if (!chosen.empty()) {
    LogInfo("settings that fit the log (--print-config says why): ", Join(chosen, " "));
  }
  return config;
}

// The job, ready to write its checkpoints. A resume looks at its folder once nobody else, such as a
// killed job's last rank, writes there.
Result<TrainConfig> BeginTrainingJob(const TrainArguments& arguments, FolderRight* right) {
  ASSIGN_OR_RETURN(TrainConfig config, LoadTrainingJob(arguments));
  const std::string& directory = config.checkpoint().directory();
  const bool existed = PosixFiles().Exists(directory);  // the lock below makes the folder
  ASSIGN_OR_RETURN(*right, LockCheckpoints(config));
  if (arguments.resume == worker::Resume::kNothing) return config;
  const std::string doubt = DoubtOfResume(PosixFiles(), directory, existed);
  if (!doubt.empty()) LogWarning(doubt);
  return config;
}

// One job, or none where a signal came before there was anything to train.
JobSource OneTrainingJob(const TrainArguments& arguments, FolderRight* right, bool* stopped) {
  return [&arguments, right, stopped, given = false]() mutable -> Result<std::optional<Job>> {
    if (std::exchange(given, true)) return std::optional<Job>();
    ASSIGN_OR_RETURN(const bool came, WaitForFirstFile(arguments));
    if (!came) {
      *stopped = true;
      std::printf("stopped by %s before the first log file came; the same command waits for it\n",
                  SignalName(StopSignal()).c_str());
      return std::optional<Job>();
    }
    ASSIGN_OR_RETURN(TrainConfig config, BeginTrainingJob(arguments, right));
    return std::optional<Job>(Job{.config = std::move(config),
                                  .label = "",
                                  .saves = Saves::kYes,
                                  .claims_before = right->claims_before});
  };
}

}  // namespace

Status RunTrain(const TrainArguments& arguments, bool* stopped) {
  if (arguments.config.print_config) {
    return PrintFitted(arguments.config, arguments.resume);
  }
  CatchStopSignals();
  FolderRight right;
  RankCounter counter;
  const auto at_end = [&](const RankEnd& end) {
    return arguments.counters.empty() ? Status::Ok()
                                      : counter.Write(PosixFiles(), arguments.counters, end);
  };
  const WorkerMain work = [&](const TrainConfig& config,
                              const worker::WorkerEnvironment& environment) -> Status {
    worker::WorkerEnvironment interruptible = environment;
    interruptible.stop_requested = [] { return StopSignal() != 0; };
    interruptible.on_step = [&counter, told = environment.on_step](uint64_t step,
                                                                   const worker::StepTimes& times) {
      if (told) told(step, times);
      counter.OnStep();
    };
    ASSIGN_OR_RETURN(const worker::TrainResult result,
                     worker::Train(config, arguments.resume, interruptible));
    counter.OnResult(environment.collective->rank(), result);
    if (environment.collective->rank() == 0) PrintResult(config, result);
    *stopped = result.stopped;
    return Status::Ok();
  };
  const double deadline_seconds =
      StartDeadline(LoadTrainConfig(arguments.config.config_file, arguments.config.sets));
  return RunJobs(deadline_seconds, OneTrainingJob(arguments, &right, stopped), work, at_end)
      .status();
}

}  // namespace chorus::launch
