// The dense optimizer: one kernel updates all weights, by the functors that servers use for rows.

#include "worker/cuda/kernels.h"
#include "worker/cuda/launch.h"

namespace chorus::worker::cuda {
namespace {

// Block b adds the squares of part b in double: its threads take every kBlockThreads-th element,
// and thread 0 adds their sums in order.
__global__ void SumSquaresKernel(int64_t n, const float* values, double* squares) {
  __shared__ double sums[kBlockThreads];
  const int64_t part = (n + kSquareParts - 1) / kSquareParts;
  const int64_t begin = blockIdx.x * part;
  const int64_t end = begin + part < n ? begin + part : n;
  double own = 0;
  for (int64_t i = begin + threadIdx.x; i < end; i += kBlockThreads) {
    const double value = values[i];
    own += value * value;
  }
  sums[threadIdx.x] = own;
  __syncthreads();
  if (threadIdx.x > 0) return;
  double total = 0;
  for (uint32_t t = 0; t < kBlockThreads; ++t) total += sums[t];
  squares[blockIdx.x] = total;
}

__global__ void ClipKernel(int64_t n, const double* squares, double clip_norm, float* values) {
  const int64_t i = ThreadNumber();
  if (i >= n) return;
  double total = 0;
  for (int part = 0; part < kSquareParts; ++part) total += squares[part];
  const double norm = sqrt(total);
  if (norm > clip_norm) values[i] *= static_cast<float>(clip_norm / norm);
}

__global__ void SgdKernel(SgdRule rule, int64_t n, const float* gradient, float* weights) {
  const int64_t i = ThreadNumber();
  if (i < n) rule(gradient[i], weights[i]);
}
__global__ void AdagradKernel(AdagradRule rule, int64_t n, const float* gradient, float* weights,
                              float* sum) {
  const int64_t i = ThreadNumber();
  if (i < n) rule(gradient[i], weights[i], sum[i]);
}
__global__ void AdamKernel(AdamRule rule, int64_t n, const float* gradient, float* weights,
                           float* mean, float* variance) {
  const int64_t i = ThreadNumber();
  if (i < n) rule(gradient[i], weights[i], mean[i], variance[i]);
}

}  // namespace

cudaError_t SumSquares(cudaStream_t stream, int64_t n, const float* values, double* squares) {
  return Launch(stream, SumSquaresKernel, kSquareParts, kBlockThreads, n, values, squares);
}
cudaError_t Clip(cudaStream_t stream, int64_t n, const double* squares, double clip_norm,
                 float* values) {
  return LaunchElements(stream, ClipKernel, n, n, squares, clip_norm, values);
}
cudaError_t Apply(cudaStream_t stream, const SgdRule& rule, int64_t n, const float* gradient,
                  float* weights) {
  return LaunchElements(stream, SgdKernel, n, rule, n, gradient, weights);
}
cudaError_t Apply(cudaStream_t stream, const AdagradRule& rule, int64_t n, const float* gradient,
                  float* weights, float* sum) {
  return LaunchElements(stream, AdagradKernel, n, rule, n, gradient, weights, sum);
}
cudaError_t Apply(cudaStream_t stream, const AdamRule& rule, int64_t n, const float* gradient,
                  float* weights, float* mean, float* variance) {
  return LaunchElements(stream, AdamKernel, n, rule, n, gradient, weights, mean, variance);
}

}  // namespace chorus::worker::cuda
