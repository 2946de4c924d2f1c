#pragma once
// The factor that pooling applies to every key of a row of a slot (worker/engine/cpu/pooling.h).
// Compiled by g++ and nvcc. Thread safety: pure functions.

#include <cmath>
#include <cstdint>

#include "common/device_math.h"

namespace chorus::worker {

// Values of SlotConfig::Pooling as numbers, since kernels cannot include protobuf's headers.
constexpr int kMeanPooling = 2;
constexpr int kWeightedMeanPooling = 3;

// The row's keys are [begin, end).  values: of the slot, or null where every value is 1.
CHORUS_HD inline float PoolingFactor(int pooling, const float* values, uint32_t begin,
                                     uint32_t end) {
  if (pooling != kMeanPooling && pooling != kWeightedMeanPooling) return 1.0f;
  if (pooling == kMeanPooling || values == nullptr) {
    return end > begin ? 1.0f / static_cast<float>(end - begin) : 0.0f;
  }
  float sum = 0;
  for (uint32_t k = begin; k < end; ++k) sum += fabsf(values[k]);
  return sum > 0 ? 1.0f / sum : 0.0f;
}

}  // namespace chorus::worker
