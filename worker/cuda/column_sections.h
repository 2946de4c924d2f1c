#pragma once
// Sums over the rows of each column, in two rounds. In the first, a block adds a section of
// kSectionRows rows: each of its kSectionStripes stripes in order of rows, and then stripe by
// stripe. In the second, one thread per column adds the sections in order. The sections depend on
// the number of rows alone. For kernels of [kSectionColumns, kSectionStripes] threads in a
// SectionGrid. Thread safety: device code.

#include "common/device_math.h"
#include "worker/cuda/launch.h"
#include "worker/cuda/launch_shapes.h"

namespace chorus::worker::cuda {

CHORUS_HD inline int64_t CountSections(int64_t rows) {
  return (rows + kSectionRows - 1) / kSectionRows;
}

CHORUS_HD inline int64_t RowsOfSection(int64_t section, int64_t rows) {
  const int64_t left = rows - section * kSectionRows;
  return left < kSectionRows ? left : kSectionRows;
}

inline dim3 SectionGrid(int64_t rows, int64_t cols) {
  return dim3(BlocksFor(cols, kSectionColumns), static_cast<unsigned>(CountSections(rows)));
}

// The column of this thread, and the rows of its block.
struct SectionOfThread {
  int64_t column, begin, end;

  __device__ explicit SectionOfThread(int64_t rows)
      : column(static_cast<int64_t>(blockIdx.x) * kSectionColumns + threadIdx.x),
        begin(static_cast<int64_t>(blockIdx.y) * kSectionRows),
        end(begin + RowsOfSection(blockIdx.y, rows)) {}
  __device__ int64_t rows() const { return end - begin; }
  // Whether this thread writes the column's sum: one thread of each column does.
  __device__ bool Writes(int64_t cols) const { return threadIdx.y == 0 && column < cols; }
};

// The sum of term(row) over the section, which every thread of the column returns. Each term is
// computed once, in ascending order of rows within a stripe. A kernel may call it once for each
// type of Term, since the shared memory belongs to the type.
template <typename Sum, typename Term>
__device__ Sum SumOfSection(const SectionOfThread& section, int64_t cols, const Term& term) {
  __shared__ Sum stripe_sums[kSectionStripes][kSectionColumns];
  Sum sum = {};
  if (section.column < cols) {
    for (int64_t i = section.begin + threadIdx.y; i < section.end; i += kSectionStripes)
      sum += term(i);
  }
  stripe_sums[threadIdx.y][threadIdx.x] = sum;
  __syncthreads();
  Sum total = stripe_sums[0][threadIdx.x];
  for (int s = 1; s < kSectionStripes; ++s) total += stripe_sums[s][threadIdx.x];
  return total;
}

}  // namespace chorus::worker::cuda
