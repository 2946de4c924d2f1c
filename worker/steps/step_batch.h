#pragma once
// A worker's part of a step, ready to be computed. Thread safety: a value.

#include <cstdint>
#include <vector>

#include "worker/log/batch.h"
#include "worker/objective/objective.h"
#include "worker/steps/sparse_lookup.h"

namespace chorus::worker {

struct StepBatch {
  uint64_t step = 0;
  uint32_t stage = 0;
  std::vector<Batch> grains;  // of this worker, in order; a grain past its lane's end is empty
  std::vector<GrainPositions> positions;  // [grains]
  // [table instances]: that of configured table t for group g is keys[g * tables + t]. The
  // instances of groups of later stages have no keys.
  std::vector<TableKeys> keys;
  std::vector<SpaceWeights> spaces;  // [grains]
};

RowLabels LabelsOf(const Batch& batch);

}  // namespace chorus::worker
