#pragma once
// The draws of dropout (worker/math/dropout.h), for CPU and device. Compiled by g++ and nvcc.
// Thread safety: values; pure functions.

#include <cstdint>

#include "common/device_math.h"
#include "common/key.h"

namespace chorus::worker {

// One layer's draws in one grain.
struct DropoutMask {
  uint64_t state = 0;      // Random(seed, kDropout, step, layer)
  uint32_t threshold = 0;  // p * 2^16
  const uint64_t* row_id = nullptr;
  int64_t rows = 0;
  // For kernels that run again in later steps with the same arguments. When `step` is not null, it
  // is in the device's memory, and the state is DropoutState(of_seed, *step, layer).
  const uint64_t* step = nullptr;
  uint64_t of_seed = 0;  // Random(seed, kDropout)
  uint64_t layer = 0;
};

constexpr uint32_t kDropoutOne = 1u << 16;
constexpr uint64_t kDropoutWeyl = 0x9e3779b97f4a7c15ULL;  // the counter of Random and of splitmix64

// Random(seed, kDropout, step, layer), continued from of_seed = Random(seed, kDropout).
CHORUS_HD inline uint64_t DropoutState(uint64_t of_seed, uint64_t step, uint64_t layer) {
  const uint64_t of_step = Mix((of_seed ^ step) + kDropoutWeyl);
  return Mix((of_step ^ layer) + kDropoutWeyl);
}

// The factor of unit `unit` of the exposure: 0, or 1 / (1 - p).
CHORUS_HD inline float DropoutFactor(const DropoutMask& mask, uint64_t row_id, uint64_t unit) {
  const uint64_t state = Mix((mask.state ^ row_id) + kDropoutWeyl);
  const uint64_t word = Mix(state + (unit / 4 + 1) * kDropoutWeyl);
  const uint32_t draw = static_cast<uint32_t>(word >> (16 * (unit % 4))) & (kDropoutOne - 1);
  const float scale =
      static_cast<float>(kDropoutOne) / static_cast<float>(kDropoutOne - mask.threshold);
  return draw < mask.threshold ? 0.0f : scale;
}

}  // namespace chorus::worker
