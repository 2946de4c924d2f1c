#pragma once
// Sums over the rows of each column, in two rounds: a block adds a section of kSectionRows rows, in
// order within each of its stripes and then stripe by stripe; one thread a column then adds the
// sections in order. Sections depend on the number of rows alone. For kernels of [kSectionColumns,
// kSectionStripes] threads in a SectionGrid.

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

// The thread's column, and the rows of its block.
struct SectionOfThread {
  int64_t column, begin, end;

  __device__ explicit SectionOfThread(int64_t rows)
      : column(static_cast<int64_t>(blockIdx.x) * kSectionColumns + threadIdx.x),
        begin(static_cast<int64_t>(blockIdx.y) * kSectionRows),
        end(begin + RowsOfSection(blockIdx.y, rows)) {}
  __device__ int64_t rows() const { return end - begin; }
  // Whether this thread is the one that writes the column's sum.
  __device__ bool Writes(int64_t cols) const { return threadIdx.y == 0 && column < cols; }
};

// The sum of term(row) over the section, in every thread of its column. Terms are computed once each,
// in ascending order of rows within a stripe. A kernel calls it once for each Term.
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
