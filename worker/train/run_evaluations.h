#pragma once
// The evaluations of a training run: after which steps they come, which of them judge its
// checkpoints (checkpoint.best and patience), and what a resumed run makes up for. Thread safety:
// the trainer's thread; every worker calls the same.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "common/checkpoint.pb.h"
#include "common/report.pb.h"
#include "common/status.h"
#include "worker/steps/training_data.h"
#include "worker/train/best_checkpoint.h"
#include "worker/train/evaluator.h"
#include "worker/train/session.h"
#include "worker/train/train_progress.h"

namespace chorus::worker {

class RunEvaluations {
 public:
  // `session` and `data` outlive this. Error: that of Evaluator::Create.
  static Result<std::unique_ptr<RunEvaluations>> Create(Session* session, const TrainingData& data);

  // A run that ended between a checkpoint and its evaluation makes the evaluation when it goes on:
  // the report of it is missing, and it may be the best one. A run that ended by patience stays
  // ended.
  enum class Owed { kNothing, kEvaluation, kEnd };
  // done_steps: of the checkpoint that the run goes on from; 0 = a new run. The answer is the same
  // on every worker. claim: the token of the job's claim (best_file.h). Error: that of
  // BestTracker::Open.
  Result<Owed> Open(uint64_t done_steps, const std::string& claim);

  bool enabled() const { return evaluator_ != nullptr; }
  bool IsDue(uint64_t step) const;
  // Whether the checkpoint of every evaluation is to be there before it.
  bool KeepsBest() const;
  // Evaluates the model as it is, after `step`. True: the run ends with it, by patience. A sample
  // (evaluate.max_rows) that has no exposure is warned of, and there is no report. REQUIRES:
  // enabled().
  Result<bool> Run(uint64_t step, TrainProgress* progress);
  // Whether files of a followed log are scored before they are trained (test-then-train): where the
  // job names no log to evaluate.
  bool TestsFiles() const { return data_.followed && !enabled(); }
  // Scores the file of `data` with the model as it is, after `step`; an empty sample is treated as
  // in Run. REQUIRES: TestsFiles(), and the file has steps.
  Status TestFile(uint64_t step, TrainProgress* progress);
  // How long the next evaluation takes: as long as the last one or, before there is one, as reading
  // its exposures.
  double ExpectedSeconds(double exposures_per_second) const;

  // The last evaluation, and the best one by checkpoint.best, on worker 0; absent on the others.
  const std::optional<Evaluation>& last() const { return last_; }
  std::optional<BestCheckpoint> best() const;

 private:
  RunEvaluations(Session* session, const TrainingData& data) : session_(session), data_(data) {}
  const TrainConfig& config() const { return session_->config(); }
  Collective& workers() const { return *session_->environment().collective; }
  bool is_first() const { return workers().rank() == 0; }
  bool IsJudged(uint64_t step) const;
  Result<bool> Judge(uint64_t step);

  Session* const session_;
  const TrainingData& data_;
  std::unique_ptr<Evaluator> evaluator_;  // null: the job names no log for it
  std::optional<BestTracker> best_;       // worker 0's
  std::optional<Evaluation> last_;        // worker 0's
  double last_seconds_ = 0;               // that the last one took
};

}  // namespace chorus::worker
