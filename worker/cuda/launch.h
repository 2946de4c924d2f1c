#pragma once
// How kernels are started, and the differences between nvcc and a host compiler that emulates CUDA.
// Thread safety: pure functions.

#include <cuda_runtime.h>

#include <cstdint>
#include <utility>

#include "worker/cuda/launch_shapes.h"

// CHORUS_UNROLL before a loop: the loads of several passes are issued together.
#ifdef __CUDACC__
#define CHORUS_UNROLL _Pragma("unroll 4")
#else
#define CHORUS_UNROLL
#endif

namespace chorus::worker::cuda {

inline uint32_t BlocksFor(int64_t n, uint32_t threads) {
  return static_cast<uint32_t>((n + threads - 1) / threads);
}

// REQUIRES: grid and block are not empty.
template <typename... Parameters, typename... Arguments>
cudaError_t Launch(cudaStream_t stream, void (*kernel)(Parameters...), dim3 grid, dim3 block,
                   Arguments&&... arguments) {
  cudaLaunchConfig_t config = {};
  config.gridDim = grid;
  config.blockDim = block;
  config.stream = stream;
  return cudaLaunchKernelEx(&config, kernel, std::forward<Arguments>(arguments)...);
}

// The thread's number in a one-dimensional grid.
__device__ inline int64_t ThreadNumber() {
  return static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}

// The element (i, j), of a matrix of `cols` columns, that thread t works on. It divides in 32 bits
// where it can, since devices do that several times as fast as in 64.
struct Element {
  int64_t i;
  int64_t j;
};
__device__ inline Element ElementOf(int64_t t, int64_t cols) {
  if (((t | cols) >> 32) != 0) return {t / cols, t % cols};
  const auto number = static_cast<uint32_t>(t), width = static_cast<uint32_t>(cols);
  return {number / width, number % width};
}

// Starts one thread per element, and nothing when n is 0.
template <typename... Parameters, typename... Arguments>
cudaError_t LaunchElements(cudaStream_t stream, void (*kernel)(Parameters...), int64_t n,
                           Arguments&&... arguments) {
  if (n == 0) return cudaSuccess;
  return Launch(stream, kernel, BlocksFor(n, kBlockThreads), kBlockThreads,
                std::forward<Arguments>(arguments)...);
}

}  // namespace chorus::worker::cuda
