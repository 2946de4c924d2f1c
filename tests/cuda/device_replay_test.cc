// Work that a device starts as one when it comes again (Device::Replay).

#include <gtest/gtest.h>

#include "tests/cuda/device_testing.h"
#include "tests/support/cuda_host/emulation.h"

namespace chorus::worker {
namespace {

class DeviceReplayTest : public testing::Test {
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

  const std::unique_ptr<Device> device_ = OpenTestDevice();
  DeviceArrays arrays_{device_.get()};
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

// What a capture forbids is no bug that results show: it is an error.
TEST_F(DeviceReplayTest, WorkThatWaitsOrTakesMemoryIsAnError) {
  const std::vector<uint64_t> waiting = {10}, taking = {11};
  const auto wait = [&] { return device_->Synchronize(); };
  const auto take = [&] { return device_->TakeMemory(64).status(); };
  ASSERT_TRUE(device_->Replay(waiting, wait).ok());
  ASSERT_TRUE(device_->Replay(taking, take).ok());
  const std::string waited = device_->Replay(waiting, wait).status().message();
  EXPECT_NE(waited.find("cudaStreamSynchronize: cudaErrorStreamCaptureUnsupported"),
            std::string::npos)
      << waited;
  const std::string taken = device_->Replay(taking, take).status().message();
  EXPECT_NE(taken.find("cudaMalloc: cudaErrorStreamCaptureUnsupported"), std::string::npos)
      << taken;
  ASSERT_TRUE(Double(7).ok());
  EXPECT_EQ(Number(), 2.0f);
}

}  // namespace
}  // namespace chorus::worker
