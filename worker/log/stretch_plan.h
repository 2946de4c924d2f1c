#pragma once
// One stretch of a log that is read once in log order: the same grains as those of the whole log's
// plan, but dealt to workers as stretches, and not as a few grains of every step, so that each
// worker's output is one contiguous piece of the output for the whole log.
// Thread safety: as ReadingPlan; the functions are pure.

#include <cstdint>
#include <memory>

#include "worker/log/batch.h"
#include "worker/log/grain_reader.h"

namespace chorus::worker {

// Grains of a log by number, in log order: grain g of step t has number (t - 1) G + g.
struct Stretch {
  uint64_t begin = 0;
  uint64_t end = 0;
};

// The stretch of a worker. Lengths differ by at most one grain. grains: of the whole log.
Stretch StretchOfWorker(uint32_t worker, uint32_t workers, uint64_t grains);

// How `plan` cuts the log.
struct StretchOptions {
  uint32_t plan_grains = 1;  // grains_per_step of the plan
  Stretch stretch;
  uint32_t grains_per_step = 1;  // of the result
};

// The stretch's grains as steps of grains_per_step of them; the last step may end with empty ones.
// counts() is that of `plan`. REQUIRES: `plan` is SEQUENTIAL, of one epoch and steps from 1 on;
// schema and plan outlive the result.
std::unique_ptr<ReadingPlan> NewStretchPlan(const LogSchema* schema, const ReadingPlan* plan,
                                            const StretchOptions& options);

}  // namespace chorus::worker
