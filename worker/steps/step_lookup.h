#pragma once
// What a step needs besides its grains: unique keys, positions, label counts; a function of the
// grains alone. Thread safety: none; each thread that prepares steps has one of its own.

#include <cstdint>

#include "worker/objective/objective.h"
#include "worker/steps/sparse_lookup.h"
#include "worker/steps/step_batch.h"

namespace chorus::worker {

class StepLookup {
 public:
  // objective: each of its groups looks up the keys; its label counts are summed. It must outlive
  // this.  tables: configured ones.
  StepLookup(const SlotReads& slot_reads, uint32_t tables, uint32_t shards,
             const Objective* objective);

  // Fills keys, positions and spaces of a step whose grains and stage are there.
  void Resolve(StepBatch* batch);

 private:
  void RepeatKeys(StepBatch* batch) const;

  const uint32_t tables_;
  const uint32_t shards_;
  const Objective* const objective_;
  SparseLookup lookup_;  // its hash sets are large and are reused
};

}  // namespace chorus::worker
