#pragma once
// Scores a log with the model as it is: metrics for evaluation, lines for prediction. Reads in log
// order, creates no rows, and gives the same bits for any number of workers. Thread safety: the
// trainer's thread; every worker calls the same.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/report.pb.h"
#include "common/status.h"
#include "worker/log/grain_reader.h"
#include "worker/log/oracle_file.h"
#include "worker/metrics/scores.h"
#include "worker/train/session.h"
#include "worker/train/slot_use.h"

namespace chorus::worker {

struct EvaluationLogs {
  std::vector<std::string> log;
  std::string oracle;  // "" = none
  // Metrics by the log's group column, if it has one.
  bool group_metrics = true;
  std::vector<uint32_t> k;  // of NDCG@k and Recall@k
  static EvaluationLogs Of(const TrainConfig& config);
};

// Runs the model over a log, step by step.
class Scorer {
 public:
  // The log's columns are matched with the model's by name. `session` outlives the scorer. Error:
  // as LogReader::Open with the model's schema.
  static Result<std::unique_ptr<Scorer>> Create(Session* session,
                                                const std::vector<std::string>& log,
                                                UnclickedConversion unclicked_conversion);

  // Calls `grain_done` for each of this worker's grains in log order, and `step_done` after each
  // step (worker order is log order inside a step).
  using GrainDone = std::function<Status(const Batch& batch, MatrixView<const float> logits)>;
  using StepDone = std::function<Status()>;
  // counter: null, or counts the ids.
  Status Run(const GrainDone& grain_done, const StepDone& step_done,
             SlotCounter* counter = nullptr);
  const LogSchema& schema() const { return log_->schema(); }
  const LogReader& log() const { return *log_; }
  ReadingCounts counts() const { return plan_->counts(); }

 private:
  explicit Scorer(Session* session) : session_(session) {}

  Session* const session_;
  std::unique_ptr<LogReader> log_;
  std::unique_ptr<ReadingPlan> plan_;
};

class Evaluator {
 public:
  // Conversions without click are treated as in training. Errors: those of Scorer::Create; an
  // oracle file that is absent, damaged or too short for the log (names evaluate.oracle).
  static Result<std::unique_ptr<Evaluator>> Create(Session* session, const EvaluationLogs& logs);
  // The metrics of the whole log on worker 0; nothing on the others.
  // scores: null, or gets every exposure's scores on worker 0 (no row on the others).
  Result<std::optional<Evaluation>> Run(Scores* scores = nullptr);
  const std::string& log_name() const { return log_name_; }
  uint64_t rows() const { return scorer_->counts().kept_rows; }

 private:
  Session* session_ = nullptr;
  EvaluationLogs logs_;
  std::string log_name_;
  std::optional<OracleFile> oracle_;
  std::unique_ptr<Scorer> scorer_;
};

}  // namespace chorus::worker
