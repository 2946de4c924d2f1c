#pragma once
// Scores a log with the model as it is, for evaluation and prediction. Reads in log order, creates
// no rows, and gives the same bits for any number of workers. Thread safety: the trainer's thread;
// every worker calls the same.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/matrix_view.h"
#include "common/status.h"
#include "common/tree.h"
#include "worker/log/grain_reader.h"
#include "worker/log/log_reader.h"
#include "worker/log/row_sample.h"
#include "worker/log/stretch_plan.h"
#include "worker/train/session.h"
#include "worker/train/slot_use.h"

namespace chorus::worker {

struct ScorerOptions {
  // Of a larger log a sample is scored (row_sample.h); 0: every exposure is.
  uint64_t max_rows = 0;
  bool is_first_look = false;  // the log is scored afterwards: nothing need be told yet
  // Each worker that has grains of a step scores one stretch of the log (stretch_plan.h).
  bool by_stretches = false;
};

// Runs the model over a log, step by step.
class Scorer {
 public:
  // The log's columns are matched with the model's by name. `session` outlives the scorer. Error:
  // as LogReader::Open with the model's schema.
  static Result<std::unique_ptr<Scorer>> Create(Session* session,
                                                const std::vector<std::string>& log,
                                                UnclickedConversion unclicked_conversion,
                                                const ScorerOptions& options = {});

  // Calls `grain_done` for each of this worker's grains in log order, and `step_done` after each
  // step, equally often on every worker (worker order is log order inside a step, unless the log is
  // scored by stretches).
  using GrainDone = std::function<Status(const Batch& batch, MatrixView<const float> logits)>;
  using StepDone = std::function<Status()>;
  // counter: null, or counts the ids.
  Status Run(const GrainDone& grain_done, const StepDone& step_done,
             SlotCounter* counter = nullptr);
  // Reads the same steps, without rows of servers and scores; step_done as in Run.
  Status Read(const std::function<void(const StepBatch& step)>& visit, const StepDone& step_done);
  const LogSchema& schema() const { return log_->schema(); }
  const LogReader& log() const { return *log_; }
  ReadingCounts counts() const { return plan_->counts(); }
  const RowSample& sample() const { return sample_; }

 private:
  explicit Scorer(Session* session) : session_(session) {}
  void TakeSample(uint64_t max_rows);
  void TakeStretch();

  Session* const session_;
  std::unique_ptr<LogReader> log_;
  std::unique_ptr<ReadingPlan> plan_;
  RowSample sample_;
  std::unique_ptr<ReadingPlan> view_;  // a sample or a stretch of plan_; null: neither
  GrainRange grains_;                  // of this worker's steps
  uint64_t rounds_ = 0;                // steps of the worker that has most
};

}  // namespace chorus::worker
