#pragma once
// The stride of matrices that a device's products read or write. Rows begin at multiples of 8
// elements, which are 32 bytes of floats and 16 bytes of bfloat16: kernels for tensor cores load
// vectors of 16 bytes. Thread safety: pure.

#include <cstdint>

namespace chorus::worker {

// Floats from one row to the next. A single column stays packed, since it is read as a vector.
constexpr int64_t RowStride(int64_t cols) { return cols <= 1 ? cols : (cols + 7) / 8 * 8; }

}  // namespace chorus::worker
