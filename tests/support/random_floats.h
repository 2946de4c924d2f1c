#pragma once
// Seeded floats for tests. Thread safety: a pure function.

#include <cstdint>
#include <vector>

#include "common/random.h"

namespace chorus::worker {

// [n], uniform on +-scale.
inline std::vector<float> RandomFloats(int64_t n, uint64_t seed, float scale) {
  std::vector<float> values(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i) {
    const double u = ToUniform(Random(seed, RandomPurpose::kTest, i));
    values[static_cast<size_t>(i)] = static_cast<float>((2 * u - 1) * scale);
  }
  return values;
}

}  // namespace chorus::worker
