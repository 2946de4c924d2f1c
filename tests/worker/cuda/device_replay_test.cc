// Work that a device starts as one when it comes again (Device::Replay).

#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include "tests/support/cuda_host/emulation.h"
#include "tests/worker/cuda/device_testing.h"

namespace chorus::worker::testing {
namespace {

class DeviceReplayTest : public DeviceTest {
 protected:
  // Doubles the number, and counts calls.
  Result<bool> Double(uint64_t key) {
    return device_->Replay(std::vector<uint64_t>{1, key}, [&] {
      ++calls_;
      const MatrixView<float> number = {number_, 1, 1};
      return device_->Gemm({}, number, {two_, 1, 1}, {product_, 1, 1}).ok()
                 ? device_->CopyOnDevice(product_, number_, sizeof(float))
                 : Internal("no product");
    });
  }
  float Number() { return arrays_.Get(number_, 1)[0]; }
  const std::string& PlainNote() const { return device_->info().plain_replays.refused; }

  float* const number_ = arrays_.Put(std::vector<float>{1});
  float* const two_ = arrays_.Put(std::vector<float>{2});
  float* const product_ = arrays_.Put(std::vector<float>{0});
  int calls_ = 0;
};

TEST_F(DeviceReplayTest, WorkIsCalledTwiceAndThenStartedWithoutACall) {
  float expected = 1;
  for (int time = 1; time <= 5; ++time) {
    const Result<bool> as_one = Double(7);
    ASSERT_TRUE(as_one.ok()) << as_one.status().ToString();
    EXPECT_EQ(*as_one, time > 1);
    EXPECT_EQ(calls_, std::min(time, 2));
    EXPECT_EQ(Number(), expected *= 2) << time;
  }
  const Result<bool> other = Double(8);
  ASSERT_TRUE(other.ok());
  EXPECT_FALSE(*other);
  EXPECT_EQ(calls_, 3);
  EXPECT_EQ(Number(), expected * 2);
}

TEST_F(DeviceReplayTest, WorkReadsWhatLiesInMemoryWhenItIsStarted) {
  for (int time = 0; time < 3; ++time) ASSERT_TRUE(Double(7).ok());
  const float three = 3;
  ASSERT_TRUE(device_->Upload(&three, two_, sizeof(three)).ok());
  ASSERT_TRUE(Double(7).ok());
  EXPECT_EQ(Number(), 24.0f);
}

TEST_F(DeviceReplayTest, AnErrorOfTheWorkIsReturnedAndTheDeviceGoesOn) {
  const std::vector<uint64_t> key = {9};
  bool fails = false;
  const auto work = [&]() -> Status {
    device_->Fill(5.0f, {number_, 1, 1});
    return fails ? InvalidArgument("as it was told") : Status::Ok();
  };
  ASSERT_TRUE(device_->Replay(key, work).ok());
  fails = true;
  EXPECT_EQ(device_->Replay(key, work).status().message(), "as it was told");
  fails = false;
  for (int time = 0; time < 2; ++time) {
    const Result<bool> as_one = device_->Replay(key, work);
    ASSERT_TRUE(as_one.ok()) << as_one.status().ToString();
    EXPECT_TRUE(*as_one);
  }
  EXPECT_EQ(Number(), 5.0f);
}

TEST_F(DeviceReplayTest, AnErrorOfEarlierCallsIsNoneOfTheWork) {
  NEEDS_EMULATION();
  ASSERT_TRUE(Double(7).ok());
  cuda_host::FailCall("cudaLaunchKernelExC", 1, cudaErrorLaunchFailure);
  device_->Fill(1.0f, {number_, 1, 1});  // returns nothing
  const Result<bool> as_one = Double(7);
  EXPECT_NE(as_one.status().message().find("cudaErrorLaunchFailure"), std::string::npos);
  EXPECT_EQ(calls_, 1);
  EXPECT_EQ(PlainNote(), "");
}

// Work that a capture allows may fail too: then there is nothing to fall back on.
TEST_F(DeviceReplayTest, AFailingCallOfTheWorkIsAnErrorWhileItIsCaptured) {
  NEEDS_EMULATION();
  ASSERT_TRUE(Double(7).ok());
  for (const char* call : {"cudaMemcpyAsync", "cublasLtMatmul"}) {
    cuda_host::FailCall(call, 1, 7);
    EXPECT_FALSE(Double(7).ok()) << call;
  }
  EXPECT_EQ(PlainNote(), "");
  EXPECT_EQ(Number(), 2.0f);
  const Result<bool> as_one = Double(7);
  ASSERT_TRUE(as_one.ok());
  EXPECT_TRUE(*as_one);
  EXPECT_EQ(Number(), 4.0f);
}

// It is done once each time, call by call, and what came before it is not done again.
TEST_F(DeviceReplayTest, WorkThatACaptureForbidsIsDoneCallByCall) {
  const std::vector<uint64_t> waiting = {10}, taking = {11};
  const auto wait = [&]() -> Status {
    RETURN_IF_ERROR(device_->Gemm({}, {number_, 1, 1}, {two_, 1, 1}, {product_, 1, 1}));
    RETURN_IF_ERROR(device_->CopyOnDevice(product_, number_, sizeof(float)));
    return device_->Synchronize();
  };
  const auto take = [&] { return device_->TakeMemory(64).status(); };
  float expected = 1;
  for (int time = 0; time < 4; ++time) {
    const Result<bool> as_one = device_->Replay(waiting, wait);
    ASSERT_TRUE(as_one.ok()) << as_one.status().ToString();
    EXPECT_FALSE(*as_one);
    EXPECT_EQ(Number(), expected *= 2) << time;
  }
  EXPECT_NE(PlainNote().find("cudaStreamQuery: cudaErrorStreamCaptureUnsupported"),
            std::string::npos)
      << PlainNote();
  for (int time = 0; time < 3; ++time) ASSERT_TRUE(device_->Replay(taking, take).ok());
  EXPECT_EQ(PlainNote().find("cudaMalloc"), std::string::npos) << "the first one is told";
  for (int time = 0; time < 3; ++time) ASSERT_TRUE(Double(7).ok());
  EXPECT_EQ(calls_, 2) << "other work is kept";
}

TEST_F(DeviceReplayTest, WithoutAGraphWorkIsDoneCallByCall) {
  NEEDS_EMULATION();
  uint64_t key = 20;
  for (const char* call : {"cudaStreamBeginCapture", "cudaStreamEndCapture", "cudaGraphInstantiate",
                           "cudaGraphUpload"}) {
    SCOPED_TRACE(call);
    ++key;
    ASSERT_TRUE(Double(key).ok());
    const auto live = cuda_host::ReadLiveObjects();
    float expected = Number();
    cuda_host::FailCall(call, 1, cudaErrorMemoryAllocation);
    for (int time = 0; time < 3; ++time) {
      const Result<bool> as_one = Double(key);
      ASSERT_TRUE(as_one.ok()) << as_one.status().ToString();
      EXPECT_FALSE(*as_one);
      EXPECT_EQ(Number(), expected *= 2) << time;
    }
    EXPECT_FALSE(cuda_host::ClearFailure());
    EXPECT_EQ(cuda_host::ReadLiveObjects(), live);
    EXPECT_NE(PlainNote().find("cudaStreamBeginCapture: cudaErrorMemoryAllocation"),
              std::string::npos)
        << PlainNote();
  }
  for (int time = 0; time < 3; ++time) ASSERT_TRUE(Double(7).ok());
  EXPECT_EQ(device_->info().plain_replays.kept, 0u);
}

TEST_F(DeviceReplayTest, GraphsAreFreedWhenTheyAreForgotten) {
  NEEDS_EMULATION();
  ASSERT_TRUE(Double(7).ok());
  const auto live = cuda_host::ReadLiveObjects();
  ASSERT_TRUE(Double(7).ok());
  EXPECT_EQ(cuda_host::ReadLiveObjects().handles, live.handles + 1);
  EXPECT_EQ(Number(), 4.0f);  // all is done
  device_->ForgetReplays();
  EXPECT_EQ(cuda_host::ReadLiveObjects(), live);
  for (int time = 0; time < 3; ++time) ASSERT_TRUE(Double(7).ok());
  EXPECT_EQ(calls_, 4) << "it comes for the first time again";
  EXPECT_EQ(Number(), 32.0f);
}

TEST_F(DeviceReplayTest, BeyondTheMostThatAreKeptWorkIsDoneCallByCall) {
  NEEDS_EMULATION();
  constexpr uint64_t kMost = 1024;
  const auto copy = [&] { return device_->CopyOnDevice(two_, number_, sizeof(float)); };
  const auto as_one = [&](uint64_t key) {
    const Result<bool> result = device_->Replay(std::vector<uint64_t>{key}, copy);
    EXPECT_TRUE(result.ok()) << result.status().ToString();
    return result.ok() && *result;
  };
  for (uint64_t key = 0; key < kMost; ++key) as_one(key);  // come once, and never again
  for (uint64_t key = kMost; key < 2 * kMost; ++key) {
    as_one(key);
    EXPECT_TRUE(as_one(key)) << key;
  }
  EXPECT_EQ(device_->info().plain_replays.kept, 0u);
  for (int time = 0; time < 3; ++time) EXPECT_FALSE(as_one(7)) << time;
  EXPECT_EQ(device_->info().plain_replays.kept, kMost);
  EXPECT_EQ(PlainNote(), "");
  EXPECT_TRUE(as_one(kMost));
  device_->ForgetReplays();
  EXPECT_FALSE(as_one(7));
  EXPECT_TRUE(as_one(7));
}

}  // namespace
}  // namespace chorus::worker::testing
