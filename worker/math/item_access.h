#pragma once
// How item kernels (item_kernels.h) read and write. Thread safety: functions of their arguments.

#include <cstdint>

#include "common/device_math.h"
#include "common/matrix_view.h"
#include "worker/math/partial_sums.h"

namespace chorus::worker {

CHORUS_HD inline void PutItem(float value, bool accumulate, float* to) {
  *to = accumulate ? *to + value : value;
}
// <a, b>, in partial sums (partial_sums.h), so that any vector width gives the same bits.
CHORUS_HD inline float PartialDot(const float* a, const float* b, int64_t n) {
  constexpr int kParts = kPartialSums;
  float partial[kParts] = {};
  int64_t j = 0;
  for (; j + kParts <= n; j += kParts) {
    for (int p = 0; p < kParts; ++p) partial[p] += a[j + p] * b[j + p];
  }
  for (int p = 0; j < n; ++j, ++p) partial[p] += a[j] * b[j];
  for (int width = kParts / 2; width > 0; width /= 2) {
    for (int p = 0; p < width; ++p) partial[p] += partial[p + width];
  }
  return partial[0];
}
template <typename T>
CHORUS_HD inline T* ItemAt(const MatrixView<T>& matrix, int64_t i, int64_t j) {
  return matrix.data + i * matrix.stride + j;
}

}  // namespace chorus::worker
