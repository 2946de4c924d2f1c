#pragma once
// Sizes of the memory that kernels and libraries take beside what a step computes with. For
// KernelCalls::Reserve and cuda_device.cc, which take it, and for launch/gpu, which foretells it; it
// needs no CUDA. Thread safety: pure functions and constants.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "worker/cuda/launch_shapes.h"
#include "worker/device/device_types.h"

namespace chorus::worker::cuda {

constexpr size_t kMatmulWorkspaceBytes = size_t{32} << 20;  // of cuBLASLt

constexpr int kSquareParts = 64;  // partial sums of squares that SumSquares gives to Clip

// Of the sums over the rows of each column: for each a pair of doubles per section, and one more,
// which batch normalisation needs.
constexpr size_t ColumnScratchBytes(int64_t rows, int64_t cols) {
  const int64_t sections = (rows + kSectionRows - 1) / kSectionRows;
  return static_cast<size_t>((sections + 1) * cols) * 2 * sizeof(double);
}

// Of MethodKernels: each block's sums of terms.
constexpr int64_t LossScratchDoubles(int64_t rows) {
  return (rows + kLossRows - 1) / kLossRows * kMaxTerms;
}

// Of all calls on so many rows and columns at most: they take turns.
constexpr size_t ScratchBytes(int64_t rows, int64_t columns) {
  const int64_t doubles = std::max<int64_t>(kSquareParts, LossScratchDoubles(rows));
  return std::max(ColumnScratchBytes(rows, columns), static_cast<size_t>(doubles) * sizeof(double));
}

}  // namespace chorus::worker::cuda
