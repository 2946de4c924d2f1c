#pragma once
// Brings the scores of a log together on worker 0, in log order for any layout: rows of this
// worker's grains are kept until the step ends, then all workers' follow one another (worker order
// is log order inside a step). Memory on worker 0: the whole Scores. Thread safety: the trainer's
// thread; every worker calls the same.

#include <span>
#include <utility>

#include "common/status.h"
#include "worker/collective/collective.h"
#include "worker/log/batch.h"
#include "worker/log/oracle_row.h"
#include "worker/metrics/scores.h"

namespace chorus::worker {

class ScoreCollector {
 public:
  // rows: how many are to come: memory is taken once for all of them.
  // schema: the log's.
  ScoreCollector(Collective* collective, const LogSchema& schema, bool has_oracle, uint64_t rows);
  // One of this worker's grains, in log order. predictions: [n]; truths: [n], or empty without the
  // truth.
  void Add(const Batch& batch, std::span<const Prediction> predictions,
           std::span<const OracleRow> truths);
  // After every step, on every worker.
  Status FinishStep();
  // All rows on worker 0, none elsewhere.
  const Scores& scores() const { return scores_; }
  Scores Take() { return std::move(scores_); }  // ends the collector's use

 private:
  Scores EmptyScores() const;

  Collective* const collective_;
  const bool has_group_;
  const bool has_oracle_;
  const bool has_weight_;
  Scores step_;  // of this worker, of the current step
  Scores scores_;
};

}  // namespace chorus::worker
