#pragma once
// Sums over a fixed number of lanes: the same bits for every width of registers.
// Thread safety: pure functions.

#include <cstdint>

namespace chorus::worker {

constexpr int kLanes = 16;

// A fixed tree over the lanes.
template <typename T>
[[gnu::always_inline]] inline T SumLanes(const T (&lanes)[kLanes]) {
  T sums[kLanes];
  for (int i = 0; i < kLanes; ++i) sums[i] = lanes[i];
  for (int width = kLanes / 2; width > 0; width /= 2) {
    for (int i = 0; i < width; ++i) sums[i] += sums[i + width];
  }
  return sums[0];
}

[[gnu::always_inline]] inline float DotLanes(const float* a, const float* b, int64_t n) {
  float lanes[kLanes] = {};
  int64_t j = 0;
  for (; j + kLanes <= n; j += kLanes) {
    for (int lane = 0; lane < kLanes; ++lane) lanes[lane] += a[j + lane] * b[j + lane];
  }
  for (int lane = 0; j < n; ++j, ++lane) lanes[lane] += a[j] * b[j];
  return SumLanes(lanes);
}

}  // namespace chorus::worker
