#pragma once
// How many ids of each column that a model reads were never trained, in any table that learns from
// the column. Ids that are written in another way than in the training log are all new, and nothing
// else shows it.
// Thread safety: the trainer's thread.

#include <cstdint>
#include <vector>

#include "common/report.pb.h"
#include "common/status.h"
#include "worker/collective/collective.h"
#include "worker/model/input_layout.h"
#include "worker/servers/ps_client.h"
#include "worker/steps/step_batch.h"

namespace chorus::worker {

class SlotCounter {
 public:
  // `inputs` outlives the counter.
  explicit SlotCounter(const InputLayout& inputs)
      : inputs_(inputs),
        context_(inputs.contexts.slots.size()),
        exposure_(inputs.exposures.slots.size()) {}

  // Counts the ids of this worker's part of a step; rows: as PsClient::Read gave them.
  void Add(const StepBatch& batch, const PulledRows& rows);
  // The counts of all workers on worker 0, columns of contexts first; nothing on the others.
  Result<std::vector<SlotUse>> Sum(Collective* collective) const;

 private:
  struct Count {
    uint64_t ids = 0, unseen = 0;
  };
  // columns, positions: of a grain's side.  times: exposures of each row; null: one.
  void CountSide(const std::vector<SlotInput>& slots, const std::vector<SlotColumn>& columns,
                 const std::vector<std::vector<uint32_t>>& positions,
                 const std::vector<uint32_t>* times, std::vector<Count>* out) const;

  const InputLayout& inputs_;
  std::vector<Count> context_, exposure_;   // [slots of the side]; a column's first has its counts
  std::vector<std::vector<uint8_t>> seen_;  // of the step: [configured table][position]
};

}  // namespace chorus::worker
