#pragma once
// The metrics of the model as it is on a log: the same bits for any number of workers. Thread
// safety: the trainer's thread; every worker calls the same.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/report.pb.h"
#include "common/status.h"
#include "worker/log/oracle_file.h"
#include "worker/metrics/scores.h"
#include "worker/train/scorer.h"
#include "worker/train/session.h"

namespace chorus::worker {

struct EvaluationLogs {
  std::vector<std::string> log;
  std::string oracle;  // "" = none
  // Metrics by the log's group column, if it has one.
  bool group_metrics = true;
  std::vector<uint32_t> k;  // of NDCG@k and Recall@k
  uint64_t max_rows = 0;    // evaluate.max_rows
  // No run ends because of an evaluation: one whose sample has no exposure is left out.
  bool may_be_empty = false;
  static EvaluationLogs Of(const TrainConfig& config);
};

class Evaluator {
 public:
  // Conversions without click are treated as in training. Errors: those of Scorer::Create; an
  // oracle file that is absent, damaged or too short for the log (names evaluate.oracle).
  static Result<std::unique_ptr<Evaluator>> Create(Session* session, const EvaluationLogs& logs);
  // The metrics of the log, or of the sample that max_rows asks for, on worker 0; nothing on the
  // others. For a log of clicks alone they are those of pCTR. scores: null, or gets the scores of
  // these exposures on worker 0 (no row on the others). Without `scores`, worker 0 keeps the scores
  // of exposures only where the truth is known. Error: kInvalidArgument when the sample is empty;
  // with may_be_empty a warning, and nothing on worker 0 either.
  Result<std::optional<Evaluation>> Run(Scores* scores = nullptr);
  const std::string& log_name() const { return log_name_; }
  uint64_t rows() const;  // about how many are scored

 private:
  Result<Evaluation> Report(const std::vector<std::string>& parts) const;
  Status EmptySample() const;

  Session* session_ = nullptr;
  EvaluationLogs logs_;
  std::string log_name_;
  std::optional<OracleFile> oracle_;
  std::unique_ptr<Scorer> scorer_;
};

}  // namespace chorus::worker
