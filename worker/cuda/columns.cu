// Sums over the rows of each column, in two rounds: a block adds a chunk of kChunkRows rows, in
// order within each of kStripes stripes and then stripe by stripe; one thread a column then adds the
// chunks in order. Chunks depend on the number of rows alone.

#include "worker/cuda/kernels.h"
#include "worker/cuda/launch.h"

namespace chorus::worker::cuda {
namespace {

constexpr int64_t kChunkRows = 256;
constexpr int kColumns = 32;  // of a block: one warp reads 32 neighbours
constexpr int kStripes = 8;

// Adds what term(row, column) gives over the block's chunk; the block is [kColumns, kStripes]
// threads. Terms are computed once each, in ascending order of rows within a stripe.
template <typename Term>
__device__ void SumChunk(int64_t rows, int64_t cols, float* chunk_sums, const Term& term) {
  __shared__ float stripe_sums[kStripes][kColumns];
  const int64_t j = static_cast<int64_t>(blockIdx.x) * kColumns + threadIdx.x;
  const int64_t begin = static_cast<int64_t>(blockIdx.y) * kChunkRows;
  const int64_t end = begin + kChunkRows < rows ? begin + kChunkRows : rows;
  float sum = 0.0f;
  if (j < cols) {
    for (int64_t i = begin + threadIdx.y; i < end; i += kStripes) sum += term(i, j);
  }
  stripe_sums[threadIdx.y][threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.y > 0 || j >= cols) return;
  float total = stripe_sums[0][threadIdx.x];
  for (int s = 1; s < kStripes; ++s) total += stripe_sums[s][threadIdx.x];
  chunk_sums[blockIdx.y * cols + j] = total;
}

__global__ void AddChunksKernel(const float* chunk_sums, int64_t chunks, int64_t cols, float* out) {
  const int64_t j = ThreadNumber();
  if (j >= cols) return;
  float sum = 0.0f;
  for (int64_t c = 0; c < chunks; ++c) sum += chunk_sums[c * cols + j];
  out[j] = sum;
}

__global__ void ReluBackwardKernel(MatrixView<const float> y, MatrixView<float> gradient,
                                   float* chunk_sums) {
  SumChunk(y.rows, y.cols, chunk_sums, [&](int64_t i, int64_t j) {
    float* const g = gradient.data + i * gradient.stride + j;
    const float passed = y.data[i * y.stride + j] > 0.0f ? *g : 0.0f;
    *g = passed;
    return passed;
  });
}

__global__ void DotRowsBackwardKernel(MatrixView<const float> x, const float* weight,
                                      MatrixView<const float> dz, float* chunk_sums,
                                      MatrixView<float> dx, float dx_factor, bool accumulate_dx) {
  SumChunk(x.rows, x.cols, chunk_sums, [&](int64_t i, int64_t j) {
    const float factor = dz.data[i * dz.stride];
    const float product = factor * x.data[i * x.stride + j];
    if (j < dx.cols) {
      float* const out = dx.data + i * dx.stride + j;
      const float passed = dx_factor * factor * weight[j];
      *out = accumulate_dx ? *out + passed : passed;
    }
    return product;
  });
}

// Each thread of one block adds every kBlockThreads-th row; thread 0 then adds the threads' sums.
__global__ void SumColumnKernel(MatrixView<const float> dz, float* sum) {
  __shared__ double sums[kBlockThreads];
  double own = 0;
  for (int64_t i = threadIdx.x; i < dz.rows; i += kBlockThreads) own += dz.data[i * dz.stride];
  sums[threadIdx.x] = own;
  __syncthreads();
  if (threadIdx.x > 0) return;
  double total = 0;
  for (uint32_t t = 0; t < kBlockThreads; ++t) total += sums[t];
  *sum = static_cast<float>(total);
}

dim3 ChunkGrid(int64_t rows, int64_t cols) {
  return dim3(BlocksFor(cols, kColumns), static_cast<unsigned>(ColumnChunks(rows)));
}

cudaError_t AddChunks(cudaStream_t stream, const float* chunk_sums, int64_t rows, int64_t cols,
                      float* out) {
  return LaunchElements(stream, AddChunksKernel, cols, chunk_sums, ColumnChunks(rows), cols, out);
}

}  // namespace

int64_t ColumnChunks(int64_t rows) { return (rows + kChunkRows - 1) / kChunkRows; }

cudaError_t ReluBackward(cudaStream_t stream, MatrixView<const float> y, MatrixView<float> gradient,
                         float* scratch, float* bias_gradient) {
  if (y.rows > 0 && y.cols > 0) {
    const cudaError_t error = Launch(stream, ReluBackwardKernel, ChunkGrid(y.rows, y.cols),
                                     dim3(kColumns, kStripes), y, gradient, scratch);
    if (error != cudaSuccess) return error;
  }
  return AddChunks(stream, scratch, y.rows, y.cols, bias_gradient);
}

cudaError_t DotRowsBackward(cudaStream_t stream, MatrixView<const float> x, const float* weight,
                            MatrixView<const float> dz, float* scratch, float* weight_gradient,
                            MatrixView<float> dx, float dx_factor, bool accumulate_dx) {
  if (x.rows > 0 && x.cols > 0) {
    const cudaError_t error =
        Launch(stream, DotRowsBackwardKernel, ChunkGrid(x.rows, x.cols), dim3(kColumns, kStripes),
               x, weight, dz, scratch, dx, dx_factor, accumulate_dx);
    if (error != cudaSuccess) return error;
  }
  return AddChunks(stream, scratch, x.rows, x.cols, weight_gradient);
}

cudaError_t SumColumn(cudaStream_t stream, MatrixView<const float> dz, float* sum) {
  return Launch(stream, SumColumnKernel, 1, kBlockThreads, dz, sum);
}

}  // namespace chorus::worker::cuda
