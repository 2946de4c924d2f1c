// `chorus train`: trains a model on all ranks of the job, or in this process alone.

#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <thread>
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
#include "launch/command/resume_doubt.h"
#include "launch/job/job.h"
#include "launch/job/job_settings.h"
#include "launch/job/monitor.h"
#include "launch/job/rank_counters.h"
#include "worker/metrics/metrics.h"
#include "worker/steps/fit_settings.h"
#include "worker/steps/training_data.h"
#include "worker/train/best_checkpoint.h"
#include "worker/train/checkpoint_claim.h"
#include "worker/train/checkpoint_store.h"
#include "worker/train/trainer.h"

namespace chorus::launch {
namespace {

// Planned as the run itself does it: lanes of a log end unevenly, which the numbers of rows and of
// a step do not tell.
Status PrintPlannedSteps(const TrainConfig& config) {
  if (config.data().log_size() == 0) return Status::Ok();
  if (config.data().follow_seconds() > 0) {
    std::printf("# Steps are those of each file, until %g s pass without another one.\n",
                config.data().follow_seconds());
    return worker::CheckFollowable(config);
  }
  ASSIGN_OR_RETURN(const worker::TrainingData data, worker::OpenTrainingData(config, PosixFiles()));
  std::printf("# %llu steps are planned, in %u %s.\n",
              static_cast<unsigned long long>(data.last_step), config.data().epochs(),
              config.data().epochs() == 1 ? "epoch" : "epochs");
  return Status::Ok();
}

Status PrintFitted(const ConfigArguments& arguments, worker::Resume resume) {
  std::vector<worker::FittedSetting> fitted;
  ASSIGN_OR_RETURN(const TrainConfig config, LoadFitted(arguments, resume, &fitted));
  if (config.data().log_size() == 0) {
    std::printf("# data.log is not set: what would fit the log has its default.\n");
  }
  if (!fitted.empty()) std::printf("# These fit the log (write a field to have it otherwise):\n");
  for (const worker::FittedSetting& setting : fitted) {
    std::printf("#   %s = %s: %s\n", setting.field.c_str(), setting.value.c_str(),
                setting.reason.c_str());
  }
  RETURN_IF_ERROR(PrintPlannedSteps(config));
  std::fputs(PrintConfig(config).c_str(), stdout);
  return Status::Ok();
}

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

// A job that follows a log begins with its first file, from which it takes its settings. False: a
// signal came before.
Result<bool> WaitForFirstFile(const TrainArguments& arguments) {
  ASSIGN_OR_RETURN(const TrainConfig config,
                   LoadTrainConfig(arguments.config.config_file, arguments.config.sets));
  const double seconds = config.data().follow_seconds();
  if (seconds <= 0 || config.data().log_size() == 0) return true;
  RETURN_IF_ERROR(worker::CheckFollowable(config));
  if (arguments.resume != worker::Resume::kNothing) {
    const auto found = worker::FindCheckpoint(PosixFiles(), config.checkpoint().directory());
    if (found.ok() && found->has_value()) return true;  // which knows its place in the log
  }
  const auto begin = std::chrono::steady_clock::now();
  for (bool said = false;; said = true) {
    ASSIGN_OR_RETURN(const std::string first, FirstFollowedFile(PosixFiles(), config));
    if (!first.empty()) return true;
    const std::chrono::duration<double> waited = std::chrono::steady_clock::now() - begin;
    if (StopSignal() != 0) return false;
    if (waited.count() >= seconds) {
      return NotFound(StrCat("data.log: no *.log file came to ", config.data().log(0), " within ",
                             seconds, " s (data.follow_seconds)"));
    }
    if (!said) LogInfo("waiting for the first log file in ", config.data().log(0));
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

// The job, ready to write its checkpoints. A resume looks at its folder only once nobody else (such
// as a killed job's last rank) writes there.
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

void PrintShare(const char* name, double seconds, double all) {
  if (all > 0) std::printf(" %s %.0f %%", name, 100 * seconds / all);
}

void PrintSteps(const worker::TrainResult& result) {
  const worker::StepTimes& t = result.times;
  const double all = t.read + t.pull + t.compute + t.combine + t.all_reduce + t.optimizer + t.other;
  std::printf("trained to step %llu: %llu exposures in %.1f s, %.0f exposures/s, last loss %.6f\n",
              static_cast<unsigned long long>(result.steps),
              static_cast<unsigned long long>(result.exposures), result.seconds,
              result.seconds > 0 ? static_cast<double>(result.exposures) / result.seconds : 0.0,
              result.loss);
  std::printf("time of worker 0:");
  PrintShare("read", t.read, all);
  PrintShare("pull", t.pull, all);
  PrintShare("compute", t.compute, all);
  PrintShare("push", t.combine, all);
  PrintShare("all-reduce", t.all_reduce, all);
  PrintShare("optimizer", t.optimizer, all);
  PrintShare("evaluate and save", t.other, all);
  std::printf("\nkeys of worker 0: %llu, unique per step %llu\n",
              static_cast<unsigned long long>(result.keys_seen),
              static_cast<unsigned long long>(result.keys_unique));
}

// Logs where the run goes on.
void PrintStopped(const worker::TrainResult& result) {
  if (result.checkpoint.empty()) {
    std::printf("stopped by %s; nothing was saved, since checkpoint.directory is not set\n",
                SignalName(StopSignal()).c_str());
  } else {
    std::printf("stopped by %s; the same command with --resume goes on after step %llu\n",
                SignalName(StopSignal()).c_str(), static_cast<unsigned long long>(result.steps));
  }
}

void PrintBest(const TrainConfig& config, const worker::TrainResult& result) {
  const std::string metric = worker::MetricName(result.best->metric());
  const auto step = static_cast<unsigned long long>(result.best->step());
  std::printf("best checkpoint: %s, %s %.5f (--best)\n",
              worker::CheckpointFolder(config.checkpoint().directory(), step).c_str(),
              metric.c_str(), result.best->value());
  if (!result.stopped_early) return;
  std::printf("ended before the last step: %u evaluations were no better than that of step %llu\n",
              config.checkpoint().patience(), step);
}

void PrintResult(const TrainConfig& config, const worker::TrainResult& result) {
  if (result.exposures > 0) {
    PrintSteps(result);
  } else {
    std::printf("nothing was left to train after step %llu\n",
                static_cast<unsigned long long>(result.steps));
  }
  if (result.evaluation.has_value()) {
    std::printf("%s", worker::FormatEvaluation(*result.evaluation).c_str());
  }
  if (!result.checkpoint.empty()) std::printf("checkpoint: %s\n", result.checkpoint.c_str());
  if (result.best.has_value()) PrintBest(config, result);
  if (!config.report().metrics().empty()) {
    std::printf("metrics: %s\n", config.report().metrics().c_str());
  }
  if (result.stopped) PrintStopped(result);
  std::fflush(stdout);
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
