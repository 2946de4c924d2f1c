#pragma once
// The factor on a learning rate at a step, see ScheduleConfig in common/config.proto.
// Thread safety: pure function.

#include <cstdint>

#include "common/config.pb.h"

namespace chorus::worker {

// step: 1, 2, ...  planned_steps: the run's number of steps, where the decay ends if decay_steps is
// 0.
//   step <= warmup_steps:  step / warmup_steps
//   then, with p = min(1, (step - warmup_steps) / decay length) and f = final_factor:
//   LINEAR 1 - (1 - f) p     COSINE f + (1 - f) (1 + cos(pi p)) / 2     CONSTANT 1
// The cosine is a series of our own, since the bits of the library's cosine depend on the CPU.
float ScheduleFactor(const ScheduleConfig& config, uint64_t step, uint64_t planned_steps);

}  // namespace chorus::worker
