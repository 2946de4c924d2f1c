#pragma once
// How item kernels (item_kernels.h) read and write. Thread safety: functions of their arguments.

#include <cstdint>

#include "common/device_math.h"
#include "common/matrix_view.h"

namespace chorus::worker {

CHORUS_HD inline void PutItem(float value, bool accumulate, float* to) {
  *to = accumulate ? *to + value : value;
}
template <typename T>
CHORUS_HD inline T* ItemAt(const MatrixView<T>& matrix, int64_t i, int64_t j) {
  return matrix.data + i * matrix.stride + j;
}

}  // namespace chorus::worker
