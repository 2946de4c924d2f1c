#pragma once
// Brings the exposures of a group together on one worker while a log is scored, and sums what the
// groups add to the evaluation. Groups are dealt by a hash of their ids. Every few steps workers
// give each other the rows that are not theirs, so ordered that a group's rows arrive in log order
// and every layout reports the same bits.
//
// Memory: 53 bytes for each exposure of the worker's groups, and for the exchange twice the rows of
// a few steps. A group is on one worker, however large it is.
// Thread safety: the trainer's thread; every worker calls the same.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/status.h"
#include "worker/collective/collective.h"
#include "worker/log/batch.h"
#include "worker/metrics/grouped_rows.h"
#include "worker/objective/prediction.h"

namespace chorus::worker {

class GroupExchange {
 public:
  // step_rows: of all workers, at most; the same on all of them, as it says how many steps are
  // exchanged at a time.
  GroupExchange(Collective* collective, uint64_t step_rows);

  // One of this worker's grains, in log order; exposures without a group are left out.
  // predictions: [n]. REQUIRES: the log has a group column.
  void Add(const Batch& batch, std::span<const Prediction> predictions);
  // After every step, on every worker.
  Status FinishStep();
  // After the last step: the sums of all groups on worker 0, nothing on the others. threads: of
  // this worker. Ends the object's use.
  Result<std::optional<GroupSums>> Finish(std::span<const uint32_t> k, uint32_t threads);

 private:
  struct Outgoing {
    std::vector<uint32_t> counts;  // [steps], the rows of each step
    std::vector<GroupedRow> rows;
  };
  Status Exchange();
  Status Take(const std::vector<std::string>& parts);

  Collective* const collective_;
  const uint32_t steps_at_a_time_;
  uint32_t steps_ = 0;              // that wait for the exchange
  std::vector<Outgoing> outgoing_;  // [workers]
  GroupedRows rows_;
};

}  // namespace chorus::worker
