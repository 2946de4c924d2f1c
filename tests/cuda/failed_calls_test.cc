// Calls of CUDA, cuBLASLt and NCCL that fail inside a job of two workers: the job ends soon with an
// error that names call, file, rank and device, and leaves nothing behind.

#include <gtest/gtest.h>

#include <chrono>

#include "common/strings.h"
#include "tests/cuda/tested_device.h"
#include "tests/e2e/job_testing.h"
#include "tests/support/cuda_host/emulation.h"
#include "worker/cuda/cuda_device.h"

namespace chorus::e2e {
namespace {

Status RunTwoWorkers(FileSystem& files) {
  TrainConfig config = JobConfig(R"(
    data { max_steps: 5 epochs: 9 } objective { chorus_cvr {} } evaluate { log: "train" every_steps: 2 }
    compute { backend: CUDA cuda { step_memory_mb: 1 collective: NCCL graphs: true } }
    cluster { deadline_seconds: 8 })");  // devices wait half of it for one that does not come
  config.mutable_checkpoint()->clear_directory();
  Layout layout;
  layout.workers = 2;
  layout.open_device = worker::cuda::OpenCudaDevice;
  return TrainOn(files, config, layout).status;
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
    const auto is = [&](const char* part) { return name.find(part) != std::string::npos; };
    if (is("Destroy") || is("Free") || is("GetVersion") || is("HostAlloc")) continue;
    if (is("Finalize")) continue;  // the job is done
    SCOPED_TRACE(StrCat(name, " of ", count));
    const bool polls = is("ncclCommGetAsyncError") || is("cudaEventQuery");  // as often as it takes
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

}  // namespace
}  // namespace chorus::e2e
