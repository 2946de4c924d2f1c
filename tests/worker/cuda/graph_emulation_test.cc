// Graphs of the emulated CUDA: work is kept as it was enqueued, done when it is launched, and what
// real captures forbid is an error.

#include <cublasLt.h>
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <functional>
#include <utility>
#include <vector>

#include "tests/support/cuda_host/emulation.h"

namespace chorus::cuda_host {
namespace {

__global__ void AddTo(int* sum, int term) { *sum += term; }

class GraphEmulationTest : public testing::TestWithParam<bool> {
 protected:
  GraphEmulationTest() {
    SetAsynchronous(GetParam());
    EXPECT_EQ(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), cudaSuccess);
    SetAsynchronous(false);
    void* memory = nullptr;
    EXPECT_EQ(cudaMalloc(&memory, 2 * sizeof(int)), cudaSuccess);
    device_ = static_cast<int*>(memory);
    EXPECT_EQ(cudaMemsetAsync(device_, 0, 2 * sizeof(int), stream_), cudaSuccess);
  }
  ~GraphEmulationTest() override {
    EXPECT_EQ(cudaStreamDestroy(stream_), cudaSuccess);  // ends its work first
    EXPECT_EQ(cudaFree(device_), cudaSuccess);
    EXPECT_EQ(ReadLiveObjects(), LiveObjects());
    static_cast<void>(cudaGetLastError());
  }

  void Begin() {
    ASSERT_EQ(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal), cudaSuccess);
  }
  void Add(int term) {
    const cudaLaunchConfig_t config = {1, 1, 0, stream_, nullptr, 0};
    EXPECT_EQ(cudaLaunchKernelEx(&config, AddTo, device_, term), cudaSuccess);
  }
  int Sum() {
    int sum = 0;
    EXPECT_EQ(cudaMemcpyAsync(&sum, device_, sizeof(sum), cudaMemcpyDeviceToHost, stream_),
              cudaSuccess);
    EXPECT_EQ(cudaStreamSynchronize(stream_), cudaSuccess);
    return sum;
  }

  cudaStream_t stream_ = nullptr;
  int* device_ = nullptr;
};

TEST_P(GraphEmulationTest, WorkIsDoneWhenItIsLaunchedAsOftenAsItIs) {
  Begin();
  int term = 3;
  Add(term);
  term = 100;  // arguments are those of the capture
  EXPECT_EQ(cudaMemcpyAsync(device_ + 1, device_, sizeof(int), cudaMemcpyDeviceToDevice, stream_),
            cudaSuccess);
  cudaGraph_t graph = nullptr;
  ASSERT_EQ(cudaStreamEndCapture(stream_, &graph), cudaSuccess);
  EXPECT_EQ(Sum(), 0);
  cudaGraphExec_t exec = nullptr;
  ASSERT_EQ(cudaGraphInstantiate(&exec, graph, 0), cudaSuccess);
  EXPECT_EQ(cudaGraphDestroy(graph), cudaSuccess);
  Add(1);
  ResetCounters();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(cudaGraphLaunch(exec, stream_), cudaSuccess);
  EXPECT_EQ(Sum(), 10);
  const Counters counters = ReadCounters();
  EXPECT_EQ(counters.launches, 0u);
  EXPECT_EQ(counters.graphs, 3u);
  EXPECT_EQ(counters.graph_nodes, 6u);
  EXPECT_EQ(counters.bytes_on_device, 3 * sizeof(int));
  EXPECT_EQ(cudaGraphLaunch(exec, stream_), cudaSuccess);
  EXPECT_EQ(cudaGraphExecDestroy(exec), cudaSuccess);  // also while a stream still has it
  EXPECT_EQ(Sum(), 13);
}

TEST_P(GraphEmulationTest, WhatIsNoPartOfAStreamFailsAndSpoilsTheCapture) {
  void* memory = nullptr;
  cudaEvent_t event = nullptr;
  ASSERT_EQ(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), cudaSuccess);
  const std::vector<std::pair<const char*, std::function<cudaError_t()>>> calls = {
      {"cudaMalloc", [&] { return cudaMalloc(&memory, 4); }},
      {"cudaFree", [&] { return cudaFree(device_); }},
      {"cudaHostAlloc", [&] { return cudaHostAlloc(&memory, 4, cudaHostAllocDefault); }},
      {"cudaStreamSynchronize", [&] { return cudaStreamSynchronize(stream_); }},
      {"cudaEventSynchronize", [&] { return cudaEventSynchronize(event); }},
      {"cudaEventQuery", [&] { return cudaEventQuery(event); }},
  };
  for (const auto& [name, call] : calls) {
    SCOPED_TRACE(name);
    Begin();
    EXPECT_EQ(call(), cudaErrorStreamCaptureUnsupported);
    Add(1);
    cudaGraph_t graph = nullptr;
    EXPECT_EQ(cudaStreamEndCapture(stream_, &graph), cudaErrorStreamCaptureInvalidated);
    EXPECT_EQ(graph, nullptr);
  }
  EXPECT_EQ(cudaEventDestroy(event), cudaSuccess);
  EXPECT_EQ(Sum(), 0);  // the stream goes on, without what was captured
}

TEST_P(GraphEmulationTest, EventsDoNotCrossTheBoundsOfACapture) {
  cudaEvent_t before = nullptr, inside = nullptr;
  ASSERT_EQ(cudaEventCreateWithFlags(&before, cudaEventDisableTiming), cudaSuccess);
  ASSERT_EQ(cudaEventCreateWithFlags(&inside, cudaEventDisableTiming), cudaSuccess);
  ASSERT_EQ(cudaEventRecord(before, stream_), cudaSuccess);
  Begin();
  ASSERT_EQ(cudaEventRecord(inside, stream_), cudaSuccess);
  EXPECT_EQ(cudaStreamWaitEvent(stream_, inside, 0), cudaSuccess);
  EXPECT_EQ(cudaStreamWaitEvent(stream_, before, 0), cudaErrorStreamCaptureIsolation);
  cudaGraph_t graph = nullptr;
  EXPECT_EQ(cudaStreamEndCapture(stream_, &graph), cudaErrorStreamCaptureInvalidated);
  EXPECT_EQ(cudaEventSynchronize(inside), cudaErrorCapturedEvent);
  EXPECT_EQ(cudaEventDestroy(before), cudaSuccess);
  EXPECT_EQ(cudaEventDestroy(inside), cudaSuccess);
}

TEST_P(GraphEmulationTest, CapturesBeginAndEndOnceAStream) {
  cudaGraph_t graph = nullptr;
  EXPECT_EQ(cudaStreamEndCapture(stream_, &graph), cudaErrorIllegalState);
  Begin();
  EXPECT_EQ(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal),
            cudaErrorIllegalState);
  EXPECT_EQ(cudaStreamBeginCapture(nullptr, cudaStreamCaptureModeThreadLocal),
            cudaErrorStreamCaptureUnsupported);
  FailCall("cudaStreamEndCapture", 1, cudaErrorLaunchFailure);
  EXPECT_EQ(cudaStreamEndCapture(stream_, &graph), cudaErrorLaunchFailure);
  EXPECT_EQ(Sum(), 0);
}

INSTANTIATE_TEST_SUITE_P(AtOnceAndOnThreads, GraphEmulationTest, testing::Bool());

}  // namespace
}  // namespace chorus::cuda_host
