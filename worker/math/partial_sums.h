#pragma once
// Sums in a fixed number of partial sums: term j belongs to partial sum j mod kPartialSums, and the
// partial sums are added along a fixed tree. The order of additions is then the same for every
// width of vector registers, and so are the bits. Thread safety: pure functions.

#include <cstdint>

#include "common/device_math.h"

namespace chorus::worker {

constexpr int kPartialSums = 16;  // the floats of the widest register, AVX-512

template <typename T>
[[gnu::always_inline]] CHORUS_HD inline T AddPartialSums(const T (&partial)[kPartialSums]) {
  T sums[kPartialSums];
  for (int i = 0; i < kPartialSums; ++i) sums[i] = partial[i];
  for (int width = kPartialSums / 2; width > 0; width /= 2) {
    for (int i = 0; i < width; ++i) sums[i] += sums[i + width];
  }
  return sums[0];
}

// a, b: [n].
[[gnu::always_inline]] CHORUS_HD inline float DotProduct(const float* a, const float* b,
                                                         int64_t n) {
  float partial[kPartialSums] = {};
  int64_t j = 0;
  for (; j + kPartialSums <= n; j += kPartialSums) {
    for (int i = 0; i < kPartialSums; ++i) partial[i] += a[j + i] * b[j + i];
  }
  for (int i = 0; j < n; ++j, ++i) partial[i] += a[j] * b[j];
  return AddPartialSums(partial);
}

}  // namespace chorus::worker
