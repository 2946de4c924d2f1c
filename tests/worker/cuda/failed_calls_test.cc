// Calls of CUDA, cuBLASLt and NCCL that fail inside a job of two workers: the job ends soon with an
// error that names call, file, rank and device, and leaves nothing behind.

#include <gtest/gtest.h>

#include <chrono>

#include "common/strings.h"
#include "tests/e2e/job_testing.h"
#include "tests/support/cuda_host/emulation.h"
#include "tests/worker/cuda/tested_device.h"
#include "worker/cuda/cuda_device.h"

namespace chorus::e2e {
namespace {

TrainConfig Job() {
  return JobConfig(R"(
    data { max_steps: 5 epochs: 9 } objective { chorus_cvr {} }
    evaluate { log: "train" every_steps: 2 }
    compute { backend: CUDA cuda { step_memory_mb: 1 collective: NCCL graphs: true } }
    cluster { deadline_seconds: 8 })");  // devices wait half of it for one that does not come
}

Layout TwoWorkers() {
  Layout layout;
  layout.workers = 2;
  layout.open_device = worker::cuda::OpenCudaDevice;
  return layout;
}

Status RunTwoWorkers(FileSystem& files) {
  TrainConfig config = Job();
  config.mutable_checkpoint()->clear_directory();
  return TrainOn(files, config, TwoWorkers()).status;
}

TEST(FailedCallsTest, EndTheJobWithCallFileRankAndDevice) {
  NEEDS_EMULATION();
  const auto files = NewMemoryFiles();
  WriteJobLog(*files, "train", RichSchema(), 200, 1);
  cuda_host::SetDevices(2);
  cuda_host::ResetCounters();
  const Status clean = RunTwoWorkers(*files);
  ASSERT_TRUE(clean.ok()) << clean.ToString();
  for (const auto& [name, count] : cuda_host::ReadCounters().calls) {
    const auto is = [&of = name](const char* part) { return of.find(part) != std::string::npos; };
    if (is("Destroy") || is("Free") || is("GetVersion") || is("HostAlloc")) continue;
    if (is("Finalize")) continue;  // the job is done
    if (worker::testing::MakesGraphs(name)) continue;
    SCOPED_TRACE(StrCat(name, " of ", count));
    const bool polls = is("ncclCommGetAsyncError") || is("Query");  // as often as it takes
    cuda_host::FailCall(name, polls ? 2 : (count + 1) / 2, is("nccl") || is("NCCL") ? 3 : 7);
    const auto begin = std::chrono::steady_clock::now();
    const Status status = RunTwoWorkers(*files);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    EXPECT_FALSE(cuda_host::ClearFailure());
    EXPECT_LT(took.count(), 30);
    ASSERT_FALSE(status.ok());
    EXPECT_NE(status.message().find("rank "), std::string::npos) << status.ToString();
    EXPECT_NE(status.message().find("device "), std::string::npos) << status.ToString();
    if (name == "cudaGetDeviceCount") continue;
    EXPECT_NE(status.message().find("worker/cuda/"), std::string::npos) << status.ToString();
    if (name == "cudaLaunchKernelExC") continue;  // named by the function that starts a kernel
    EXPECT_NE(status.message().find(name), std::string::npos) << status.ToString();
  }
  cuda_host::SetDevices(1);
  EXPECT_EQ(cuda_host::ReadLiveObjects(), cuda_host::LiveObjects());
}

uint64_t CountOf(const std::string& text, const std::string& part) {
  uint64_t count = 0;
  for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) ++count;
  return count;
}

TEST(FailedCallsTest, OfMakingAGraphCostATellingLineAndNoBit) {
  NEEDS_EMULATION();
  const auto run = [] {
    const auto files = NewMemoryFiles();
    WriteJobLog(*files, "train", RichSchema(), 200, 1);
    return OutcomeOf(*files, Job(), TwoWorkers());
  };
  cuda_host::SetDevices(2);
  cuda_host::ResetCounters();
  const Outcome clean = run();
  ASSERT_FALSE(clean.state.empty());
  std::vector<std::string> calls;
  for (const auto& [name, count] : cuda_host::ReadCounters().calls) {
    if (worker::testing::MakesGraphs(name)) calls.push_back(name);
  }
  EXPECT_EQ(calls.size(), 4u);
  for (const std::string& call : calls) {
    SCOPED_TRACE(call);
    cuda_host::FailCall(call, 3, 2);  // no memory
    testing::internal::CaptureStderr();
    const Outcome outcome = run();
    const std::string told = testing::internal::GetCapturedStderr();
    EXPECT_FALSE(cuda_host::ClearFailure());
    EXPECT_TRUE(outcome.state == clean.state);
    EXPECT_EQ(outcome.reports, clean.reports);
    EXPECT_EQ(CountOf(told, StrCat("makes no graph: ", call)), 1u) << told;
    EXPECT_EQ(CountOf(told, "makes no graph"), 1u) << told;
  }
  cuda_host::SetDevices(1);
  EXPECT_EQ(cuda_host::ReadLiveObjects(), cuda_host::LiveObjects());
}

}  // namespace
}  // namespace chorus::e2e
