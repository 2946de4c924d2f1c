// The emulated CUDA itself: barriers, shuffles, streams, products, and that it finds mistakes.

#include <cublasLt.h>
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <numeric>
#include <thread>
#include <vector>

#include "tests/support/cuda_host/emulation.h"

namespace chorus::cuda_host {
namespace {

class EmulationTest : public testing::Test {
 protected:
  EmulationTest() { EXPECT_EQ(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), 0); }
  ~EmulationTest() override {
    for (void* memory : memory_) EXPECT_EQ(cudaFree(memory), cudaSuccess);
    EXPECT_EQ(cudaStreamDestroy(stream_), cudaSuccess);
    EXPECT_EQ(ReadLiveObjects(), LiveObjects());
  }

  template <typename T>
  T* OnDevice(const std::vector<T>& values) {
    void* memory = nullptr;
    EXPECT_EQ(cudaMalloc(&memory, values.size() * sizeof(T)), cudaSuccess);
    memory_.push_back(memory);
    EXPECT_EQ(cudaMemcpyAsync(memory, values.data(), values.size() * sizeof(T),
                              cudaMemcpyHostToDevice, stream_),
              cudaSuccess);
    return static_cast<T*>(memory);
  }
  template <typename T>
  std::vector<T> Back(const T* memory, size_t count) {
    std::vector<T> values(count);
    EXPECT_EQ(
        cudaMemcpyAsync(values.data(), memory, count * sizeof(T), cudaMemcpyDeviceToHost, stream_),
        cudaSuccess);
    EXPECT_EQ(cudaStreamSynchronize(stream_), cudaSuccess);
    return values;
  }
  cudaLaunchConfig_t Grid(dim3 grid, dim3 block) const {
    return {grid, block, 0, stream_, nullptr, 0};
  }

  cudaStream_t stream_ = nullptr;
  std::vector<void*> memory_;
};

// Block b sums its part of x: by halves in shared memory, then within a warp.
__global__ void SumBlocks(const int* x, int* sums) {
  __shared__ int part[64];
  const unsigned t = threadIdx.x;
  part[t] = x[blockIdx.x * 64 + t];
  __syncthreads();
  if (t < 32) part[t] += part[t + 32];
  __syncthreads();
  if (t >= 32) return;
  int value = part[t];
  for (unsigned delta = 16; delta > 0; delta /= 2) {
    value += __shfl_down_sync(0xffffffffu, value, delta);
  }
  if (t == 0) sums[blockIdx.x] = value;
}

TEST_F(EmulationTest, BlocksWaitAtBarriersAndWarpsExchangeValues) {
  std::vector<int> x(3 * 64);
  std::iota(x.begin(), x.end(), 1);
  int* const sums = OnDevice(std::vector<int>(3, -1));
  const cudaLaunchConfig_t config = Grid(3, 64);
  ASSERT_EQ(cudaLaunchKernelEx(&config, SumBlocks, OnDevice(x), sums), cudaSuccess);
  const std::vector<int> out = Back(sums, 3);
  for (int b = 0; b < 3; ++b) {
    EXPECT_EQ(out[b], std::accumulate(&x[b * 64], &x[b * 64] + 64, 0)) << b;
  }
}

__global__ void WriteCoordinates(int* out) {
  const unsigned i = (blockIdx.y * gridDim.x + blockIdx.x) * blockDim.x * blockDim.y +
                     threadIdx.y * blockDim.x + threadIdx.x;
  out[i] = static_cast<int>(i);
}

TEST_F(EmulationTest, EveryThreadOfEveryBlockRunsOnce) {
  constexpr int kThreads = 3 * 2 * 4 * 5;
  int* const out = OnDevice(std::vector<int>(kThreads, -1));
  const cudaLaunchConfig_t config = Grid(dim3(3, 2), dim3(4, 5));
  ASSERT_EQ(cudaLaunchKernelEx(&config, WriteCoordinates, out), cudaSuccess);
  const std::vector<int> values = Back(out, kThreads);
  for (int i = 0; i < kThreads; ++i) EXPECT_EQ(values[i], i);
}

__global__ void WaitInHalfOfTheBlock(int* out) {
  if (threadIdx.x % 2 == 0) __syncthreads();
  if (threadIdx.x % 2 == 1) __syncwarp();
  out[threadIdx.x] = 1;
}

using EmulationDeathTest = EmulationTest;

TEST_F(EmulationDeathTest, ADivergentBarrierEndsTheProcess) {
  int* const out = OnDevice(std::vector<int>(32, 0));
  const cudaLaunchConfig_t config = Grid(1, 32);
  EXPECT_DEATH(static_cast<void>(cudaLaunchKernelEx(&config, WaitInHalfOfTheBlock, out)),
               "divergent barrier: of 32 threads 0 have ended, 16 wait for the block and 16");
}

TEST_F(EmulationTest, RefusesWrongDirectionsSizesAndLaunches) {
  const std::vector<int> host(4, 1);
  std::vector<int> other(4);
  int* const device = OnDevice(host);
  EXPECT_EQ(cudaMemcpyAsync(device, host.data(), 16, cudaMemcpyDeviceToHost, stream_),
            cudaErrorInvalidMemcpyDirection);
  EXPECT_EQ(cudaMemcpyAsync(other.data(), host.data(), 16, cudaMemcpyDeviceToHost, stream_),
            cudaErrorInvalidMemcpyDirection);
  EXPECT_EQ(cudaMemcpyAsync(device, host.data(), 20, cudaMemcpyHostToDevice, stream_),
            cudaErrorInvalidMemcpyDirection)
      << "beyond the allocation";
  for (const auto& config : {Grid(0, 32), Grid(1, 1025), Grid(dim3(1, 70000), 1)}) {
    EXPECT_EQ(cudaLaunchKernelEx(&config, WriteCoordinates, device), cudaErrorInvalidConfiguration);
  }
  EXPECT_EQ(cudaFree(&other), cudaErrorInvalidValue);
}

TEST_F(EmulationTest, CountsCallsAndFailsTheOneAskedFor) {
  ResetCounters();
  FailCall("cudaMalloc", 2, cudaErrorMemoryAllocation);
  OnDevice(std::vector<int>(5));
  void* memory = nullptr;
  EXPECT_EQ(cudaMalloc(&memory, 4), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaGetLastError(), cudaErrorMemoryAllocation);
  EXPECT_FALSE(ClearFailure());
  OnDevice(std::vector<int>(5));
  EXPECT_EQ(ReadCounters().calls.at("cudaMalloc"), 3u);
  EXPECT_EQ(ReadCounters().bytes_to_device, 40u);
}

TEST_F(EmulationTest, MemoryEnds) {
  size_t free = 0, total = 0, after = 0;
  ASSERT_EQ(cudaMemGetInfo(&free, &total), cudaSuccess);
  EXPECT_LE(free, total);
  OnDevice(std::vector<float>(1000));
  ASSERT_EQ(cudaMemGetInfo(&after, &total), cudaSuccess);
  EXPECT_EQ(after, free - 4000);
  void* memory = nullptr;
  EXPECT_EQ(cudaMalloc(&memory, after + 1), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaGetLastError(), cudaErrorMemoryAllocation);
}

// As with cuBLASLt: who lets alignments depend on what must not show in the bits finds out.
TEST_F(EmulationTest, TheOrderOfAProductsAdditionsDependsOnAlignmentsAndABiasNeedsSixteenBytes) {
  constexpr uint64_t kTerms = 3;
  const float* const a = OnDevice(std::vector<float>{1, 0x1p24f, -0x1p24f});
  const float* const ones = OnDevice(std::vector<float>(8, 1.0f));
  float* const d = OnDevice(std::vector<float>(8, 0.0f));
  cublasLtHandle_t handle = nullptr;
  cublasLtMatmulDesc_t desc = nullptr;
  cublasLtMatrixLayout_t row = nullptr, column = nullptr, one = nullptr;
  ASSERT_EQ(cublasLtCreate(&handle), CUBLAS_STATUS_SUCCESS);
  cublasLtMatmulDescCreate(&desc, CUBLAS_COMPUTE_32F, CUDA_R_32F);
  cublasLtMatrixLayoutCreate(&row, CUDA_R_32F, 1, kTerms, 1);
  cublasLtMatrixLayoutCreate(&column, CUDA_R_32F, kTerms, 1, kTerms);
  cublasLtMatrixLayoutCreate(&one, CUDA_R_32F, 1, 1, 1);
  const auto product = [&](float* to, uint32_t alignment) {
    cublasLtMatmulPreference_t preference = nullptr;
    cublasLtMatmulPreferenceCreate(&preference);
    for (const auto matrix :
         {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES}) {
      cublasLtMatmulPreferenceSetAttribute(preference, matrix, &alignment, sizeof(alignment));
    }
    cublasLtMatmulHeuristicResult_t result = {};
    int found = 0;
    cublasLtMatmulAlgoGetHeuristic(handle, desc, row, column, one, one, preference, 1, &result,
                                   &found);
    cublasLtMatmulPreferenceDestroy(preference);
    const float alpha = 1, beta = 0;
    return cublasLtMatmul(handle, desc, &alpha, a, row, ones, column, &beta, to, one, to, one,
                          &result.algo, nullptr, 0, stream_);
  };
  EXPECT_EQ(product(d, 256), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(product(d + 4, 16), CUBLAS_STATUS_SUCCESS);
  const std::vector<float> sums = Back(d, 5);
  EXPECT_EQ(sums[0], 0.0f) << "(1 + 2^24) - 2^24";
  EXPECT_EQ(sums[4], 1.0f) << "(-2^24 + 1) + 2^24";
  EXPECT_EQ(product(d + 1, 8), CUBLAS_STATUS_INVALID_VALUE) << "a claim that does not hold";
  const int epilogue = CUBLASLT_EPILOGUE_BIAS;
  cublasLtMatmulDescSetAttribute(desc, CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue, sizeof(epilogue));
  for (const uint64_t first : {0u, 1u}) {
    const float* const bias = ones + first;
    cublasLtMatmulDescSetAttribute(desc, CUBLASLT_MATMUL_DESC_BIAS_POINTER, &bias, sizeof(bias));
    EXPECT_EQ(product(d, 256), first == 0 ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_INVALID_VALUE);
  }
  for (const auto layout : {row, column, one}) cublasLtMatrixLayoutDestroy(layout);
  cublasLtMatmulDescDestroy(desc);
  cublasLtDestroy(handle);
}

TEST_F(EmulationTest, AsynchronousStreamsAreOrderedByEventsAndByTheHost) {
  SetAsynchronous(true);
  cudaStream_t first = nullptr, second = nullptr;
  cudaEvent_t event = nullptr;
  ASSERT_EQ(cudaStreamCreateWithFlags(&first, cudaStreamNonBlocking), cudaSuccess);
  ASSERT_EQ(cudaStreamCreateWithFlags(&second, cudaStreamNonBlocking), cudaSuccess);
  SetAsynchronous(false);
  ASSERT_EQ(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), cudaSuccess);
  std::atomic<bool> go = false;
  int value = 0, seen = 0;
  Enqueue(first, [&] {
    while (!go) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    value = 7;
  });
  ASSERT_EQ(cudaEventRecord(event, first), cudaSuccess);
  ASSERT_EQ(cudaStreamWaitEvent(second, event, 0), cudaSuccess);
  Enqueue(second, [&] { seen = value; });
  go = true;  // the enqueuing thread was not held up
  ASSERT_EQ(cudaStreamSynchronize(second), cudaSuccess);
  EXPECT_EQ(seen, 7);
  ASSERT_EQ(cudaEventSynchronize(event), cudaSuccess);
  EXPECT_EQ(cudaEventDestroy(event), cudaSuccess);
  EXPECT_EQ(cudaStreamDestroy(first), cudaSuccess);
  EXPECT_EQ(cudaStreamDestroy(second), cudaSuccess);
}

}  // namespace
}  // namespace chorus::cuda_host
