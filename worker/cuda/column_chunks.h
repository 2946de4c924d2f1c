#pragma once
// Sums over the rows of each column, in two rounds: a block adds a chunk of kChunkRows rows, in
// order within each of its stripes and then stripe by stripe; one thread a column then adds the
// chunks in order. Chunks depend on the number of rows alone. For kernels of [kChunkColumns,
// kChunkStripes] threads in a ChunkGrid.

#include "common/device_math.h"
#include "worker/cuda/launch.h"
#include "worker/cuda/launch_shapes.h"

namespace chorus::worker::cuda {

CHORUS_HD inline int64_t CountChunks(int64_t rows) { return (rows + kChunkRows - 1) / kChunkRows; }

CHORUS_HD inline int64_t RowsOfChunk(int64_t chunk, int64_t rows) {
  const int64_t left = rows - chunk * kChunkRows;
  return left < kChunkRows ? left : kChunkRows;
}

inline dim3 ChunkGrid(int64_t rows, int64_t cols) {
  return dim3(BlocksFor(cols, kChunkColumns), static_cast<unsigned>(CountChunks(rows)));
}

// The thread's column, and the rows of its block.
struct ChunkOfThread {
  int64_t column, begin, end;

  __device__ explicit ChunkOfThread(int64_t rows)
      : column(static_cast<int64_t>(blockIdx.x) * kChunkColumns + threadIdx.x),
        begin(static_cast<int64_t>(blockIdx.y) * kChunkRows),
        end(begin + RowsOfChunk(blockIdx.y, rows)) {}
  __device__ int64_t rows() const { return end - begin; }
  // Whether this thread is the one that writes the column's sum.
  __device__ bool Writes(int64_t cols) const { return threadIdx.y == 0 && column < cols; }
};

// The sum of term(row) over the chunk, in every thread of its column. Terms are computed once each,
// in ascending order of rows within a stripe. A kernel calls it once for each Term.
template <typename Sum, typename Term>
__device__ Sum SumOfChunk(const ChunkOfThread& chunk, int64_t cols, const Term& term) {
  __shared__ Sum stripe_sums[kChunkStripes][kChunkColumns];
  Sum sum = {};
  if (chunk.column < cols) {
    for (int64_t i = chunk.begin + threadIdx.y; i < chunk.end; i += kChunkStripes) sum += term(i);
  }
  stripe_sums[threadIdx.y][threadIdx.x] = sum;
  __syncthreads();
  Sum total = stripe_sums[0][threadIdx.x];
  for (int s = 1; s < kChunkStripes; ++s) total += stripe_sums[s][threadIdx.x];
  return total;
}

}  // namespace chorus::worker::cuda
