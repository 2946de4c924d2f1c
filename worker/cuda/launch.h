#pragma once
// How kernels are started, and what differs between nvcc and a host compiler that emulates CUDA.

#include <cuda_runtime.h>

#include <cstdint>
#include <utility>

#include "worker/cuda/launch_shapes.h"

// Before a loop: several passes' loads go out together.
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

// Element (i, j) of a matrix of `cols` columns that thread t works on. Devices divide 32 bits
// several times as fast as 64.
struct Element {
  int64_t i;
  int64_t j;
};
__device__ inline Element ElementOf(int64_t t, int64_t cols) {
  if (((t | cols) >> 32) != 0) return {t / cols, t % cols};
  const auto number = static_cast<uint32_t>(t), width = static_cast<uint32_t>(cols);
  return {number / width, number % width};
}

// One thread an element; nothing to start for none.
template <typename... Parameters, typename... Arguments>
cudaError_t LaunchElements(cudaStream_t stream, void (*kernel)(Parameters...), int64_t n,
                           Arguments&&... arguments) {
  if (n == 0) return cudaSuccess;
  return Launch(stream, kernel, BlocksFor(n, kBlockThreads), kBlockThreads,
                std::forward<Arguments>(arguments)...);
}

}  // namespace chorus::worker::cuda
