#pragma once
// Where the rows of matrices begin that products of a device read or write: at whole 32 bytes, 8
// floats or 8 pairs of bytes, so that vectors of 16 bytes can be loaded from either, and the rows
// are those of kernels that tensor cores need. Thread safety: pure.

#include <cstdint>

namespace chorus::worker {

// Floats from one row to the next. A column stays packed: it is read as a vector.
constexpr int64_t RowStride(int64_t cols) { return cols <= 1 ? cols : (cols + 7) / 8 * 8; }

}  // namespace chorus::worker
