// A device that hangs: a kernel that never ends. Every wait for it ends at the deadline with an
// error that says so, and neither the wait nor the device's end waits inside CUDA.

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "common/strings.h"
#include "tests/support/cuda_host/emulation.h"
#include "tests/worker/cuda/device_testing.h"
#include "worker/cuda/launch_limit.h"

namespace chorus::worker::testing {
namespace {

// The zeros that an opened device writes have to be done within it, too, which sanitizers slow down.
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr double kDeadline = 2;
#else
constexpr double kDeadline = 0.5;
#endif

class HungDeviceTest : public ::testing::Test {
 protected:
  HungDeviceTest() {
    if (OnRealDevices()) return;
    cuda_host::SetAsynchronous(true);
    Open();
  }
  // What the device left is reachable, so that no leak is reported; its streams' threads end.
  ~HungDeviceTest() override {
    cuda_host::ReleaseKernel();
    cuda_host::SetAsynchronous(false);
  }

  void Open() {
    DeviceOptions options;
    options.deadline_seconds = kDeadline;
    device_ = std::move(OpenTestedDevice(options)).value();
    ASSERT_TRUE(device_->Reserve({1100, 1100, 0, 0}).ok());
    memory_ = reinterpret_cast<float*>(*device_->TakeMemory(4096));
  }
  void Hang() {
    cuda_host::HangKernel(0);
    device_->Fill(1, {memory_, 1, 8});
  }
  static void ExpectHangs(const Status& status) {
    EXPECT_EQ(status.code(), Code::kInternal);
    EXPECT_NE(status.message().find("Query: this device itself has not finished"),
              std::string::npos)
        << status.ToString();
    EXPECT_NE(status.message().find(StrCat("within ", kDeadline, " s: it hangs")),
              std::string::npos)
        << status.ToString();
    EXPECT_NE(status.message().find("worker/cuda/"), std::string::npos) << status.ToString();
  }
  // Until the device has ended, after `work`.
  double SecondsOf(const std::function<void()>& work) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    device_ = nullptr;
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }

  std::unique_ptr<Device> device_;
  float* memory_ = nullptr;
};

TEST_F(HungDeviceTest, AWaitEndsAtTheDeadlineAndSoDoesTheDevice) {
  NEEDS_EMULATION();
  const double seconds = SecondsOf([&] {
    Hang();
    ExpectHangs(device_->Synchronize());
  });
  EXPECT_GE(seconds, kDeadline);
  EXPECT_LT(seconds, 10);
  EXPECT_GT(cuda_host::ReadLiveObjects().device_allocations, 0u) << "left to the process's end";
  cuda_host::ForgetLiveObjects();
}

TEST_F(HungDeviceTest, ADeviceThatNobodyHasWaitedForEndsToo) {
  NEEDS_EMULATION();
  EXPECT_LT(SecondsOf([&] { Hang(); }), 10);
  cuda_host::ForgetLiveObjects();
}

// CUDA would wait inside the copy.
TEST_F(HungDeviceTest, CopiesOfMemoryThatIsNotPageLockedEndAtTheDeadline) {
  NEEDS_EMULATION();
  std::vector<float> host(8);
  const double seconds = SecondsOf([&] {
    Hang();
    ExpectHangs(device_->Download(memory_, host.data(), 32));
    ExpectHangs(device_->Upload(host.data(), memory_, 32));
  });
  EXPECT_LT(seconds, 10);
  cuda_host::ForgetLiveObjects();
}

// A stream's queue is finite: CUDA would wait inside a launch.
TEST_F(HungDeviceTest, MoreCallsThanAStreamTakesEndAtTheDeadline) {
  NEEDS_EMULATION();
  const double seconds = SecondsOf([&] {
    Hang();
    Status status;
    for (int call = 0; call < 10000 && status.ok(); ++call) {
      device_->Fill(1, {memory_, 1, 8});
      status = device_->SumGrains({memory_, 2, 8});
    }
    ExpectHangs(status);
  });
  EXPECT_LT(seconds, 10);
  cuda_host::ForgetLiveObjects();
}

TEST_F(HungDeviceTest, ManyCallsOfADeviceThatWorksWaitForNothingButRoom) {
  NEEDS_EMULATION();
  cuda_host::ResetCounters();
  for (uint32_t call = 0; call < 10 * cuda::LaunchLimit::kCalls; ++call) {
    device_->Fill(static_cast<float>(call), {memory_, 1, 8});
  }
  ASSERT_TRUE(device_->Synchronize().ok());
  const auto calls = cuda_host::ReadCounters().calls;
  EXPECT_GE(calls.at("cudaEventRecord"), 19u);
  EXPECT_LE(calls.at("cudaEventRecord"), 21u);
  EXPECT_EQ(DeviceArrays(device_.get()).Get(memory_, 1)[0], 10.0f * cuda::LaunchLimit::kCalls - 1);
}

TEST_F(HungDeviceTest, ADeviceThatIsSlowIsWaitedFor) {
  NEEDS_EMULATION();
  Hang();
  const std::jthread release([] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    cuda_host::ReleaseKernel();
  });
  EXPECT_TRUE(device_->Synchronize().ok());
  device_ = nullptr;
  EXPECT_EQ(cuda_host::ReadLiveObjects(), cuda_host::LiveObjects());
}

}  // namespace
}  // namespace chorus::worker::testing
