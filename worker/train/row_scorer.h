#pragma once
// Scores exposures that come from a RowSource, a step at a time: worker 0 reads them and shares
// their blocks, every worker computes its grains, and the scores come together on worker 0 in the
// order of the rows. Grains are those that a log of the same blocks would have, so that scores are
// the same bits for any number of workers, and those of `Scorer` on that log. Other workers wait
// for a block at most cluster.deadline_seconds; one worker alone waits as long as its source does.
// Thread safety: the trainer's thread; every worker calls the same.

#include <deque>
#include <span>
#include <string>
#include <vector>

#include "common/progress.h"
#include "common/status.h"
#include "worker/log/block_queue.h"
#include "worker/log/row_source.h"
#include "worker/steps/step_batch.h"
#include "worker/steps/step_lookup.h"
#include "worker/train/session.h"
#include "worker/train/slot_use.h"

namespace chorus::worker {

class RowScorer {
 public:
  // Both must outlive the scorer. source: worker 0's; null on the others.
  RowScorer(Session* session, RowSource* source);

  // Scores the exposures of the next step; false: those were the last ones. Rows that were read on
  // the way are appended to *rows, on worker 0.
  Result<bool> NextStep(std::deque<SourceRow>* rows);
  // The predictions for the exposures of that step, in order, on worker 0.
  std::span<const Prediction> scores() const { return scores_; }
  // The counts of the ids of all steps so far.
  const SlotCounter& slot_counter() const { return counter_; }

 private:
  Result<bool> ReadBlock(std::deque<SourceRow>* rows);
  Status ScoreGrains();
  Status GatherScores();
  void ShowProgress();

  Session* const session_;
  RowSource* const source_;
  const uint64_t step_rows_;
  BlockQueue queue_;
  StepLookup lookup_;
  SlotCounter counter_;
  bool ended_ = false;  // the source has no more
  StepBatch step_;
  std::vector<Prediction> own_;     // of this worker's grains
  std::vector<Prediction> scores_;  // of all workers'
  uint64_t scored_ = 0;
  ProgressLine progress_;
};

}  // namespace chorus::worker
