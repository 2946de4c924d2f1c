#pragma once
// The loop over steps, as trainer_open.cc (all before the first step), trainer.cc (all of a log) and
// trainer_follow.cc (a log that grows, file by file) share it. Thread safety: the trainer's thread.

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "common/trace.h"
#include "worker/steps/training_data.h"
#include "worker/train/checkpointer.h"
#include "worker/train/fenced_files.h"
#include "worker/train/followed_log.h"
#include "worker/train/restore.h"
#include "worker/train/run_evaluations.h"
#include "worker/train/session.h"
#include "worker/train/step_feed.h"
#include "worker/train/step_sums.h"
#include "worker/train/train_progress.h"
#include "worker/train/trainer.h"

namespace chorus::worker {

// Adds the time since the last lap to a part of the step, which is a span of a trace, too.
class Laps {
 public:
  // name: of the part, a literal.
  void Lap(double* part, const char* name) {
    const int64_t now_ns = TraceClockNs();
    *part += static_cast<double>(now_ns - last_ns_) / 1e9;
    if (TraceRecords()) [[unlikely]] {
      AddTraceSpan({name, nullptr, 0, last_ns_, now_ns - last_ns_});
    }
    last_ns_ = now_ns;
  }
  // A step begins and ends with a lap: its span holds those between.
  void BeginStep() { step_ns_ = last_ns_; }
  void EndStep(uint64_t step) const {
    if (TraceRecords()) [[unlikely]] {
      AddTraceSpan({"step", "step", step, step_ns_, last_ns_ - step_ns_});
    }
  }

 private:
  int64_t last_ns_ = TraceClockNs();
  int64_t step_ns_ = last_ns_;
};

class Trainer {
 public:
  Trainer(const TrainConfig& config, Resume resume, const WorkerEnvironment& environment)
      : config_(config),
        resume_(resume),
        environment_(environment),
        ahead_(config.step().pull_ahead()) {}

  Status Open();
  Result<TrainResult> Run();

 private:
  using Clock = std::chrono::steady_clock;
  Status OpenData();
  Status OpenLog();
  Status OpenFollowed();
  Status FindResumed(const RunPlan& plan);
  Status ClaimFolder();
  Status OpenSession();
  Status RestoreState();
  Status OpenReports();
  Status Send(uint64_t step, std::unique_ptr<StepGradients> gradients,
              const SnapshotRequest* snapshot);
  Status TrainPlannedSteps();
  Status TrainFollowed();
  Result<bool> EnterNextFile();
  Status EnterFile(const std::string& name);
  Status WaitForFile();
  Status ContinueServers();
  Status SaveBetweenFiles();
  Status EndFollowed();
  Result<SnapshotRequest> BeginCheckpoint(uint64_t step);
  Status FinishCheckpoint(uint64_t step);
  void CountReads();
  Status FinishStopped();
  Status TrainStep(uint64_t step);
  Status Compute(const StepBatch& batch, const PulledRows& rows);
  Result<StepBatch*> PrepareNext(uint64_t step);
  std::unique_ptr<StepGradients> TakeSparseGradients(uint64_t step);
  Status FinishSum(uint64_t step);
  Status AfterStep(uint64_t step);
  Status Evaluate(uint64_t step);
  void EndEarly(uint64_t step);
  TrainResult Finished(double seconds);
  bool is_first() const { return environment_.collective->rank() == 0; }
  Engine& engine() { return session_->engine(); }

  const TrainConfig config_;
  const Resume resume_;
  WorkerEnvironment environment_;
  std::unique_ptr<FencedFiles> fenced_;  // environment_.files; worker 0 claims the folder by it
  const uint64_t ahead_;
  std::optional<TrainingData> data_;
  std::unique_ptr<FollowedLog> followed_;  // null: the whole log is there. data_ is a file of it
  std::string resumed_from_;               // the checkpoint; "" = none
  Clock::time_point last_ping_ = Clock::now();
  std::unique_ptr<Session> session_;
  std::unique_ptr<Checkpointer> checkpointer_;
  std::unique_ptr<RunEvaluations> evaluations_;
  RunEvaluations::Owed owed_ = RunEvaluations::Owed::kNothing;
  std::unique_ptr<TrainProgress> progress_;
  uint64_t restored_step_ = 0;  // of the checkpoint that the run goes on from
  uint64_t first_step_ = 1;     // of this call; of the file that is trained, of a log that grows
  // The last one to train: the planned one (of the file that is trained), or earlier when asked to
  // stop.
  uint64_t end_step_ = 0;
  uint64_t saved_step_ = 0;  // of the newest checkpoint that has begun
  Clock::time_point begin_;
  Clock::time_point stop_seen_;
  std::optional<StepFeed> feed_;
  std::optional<StepSums> sums_;
  bool snapshot_due_ = false;  // worker 0's clock said so in the last step
  TrainResult result_;
  Laps laps_;
};

}  // namespace chorus::worker
