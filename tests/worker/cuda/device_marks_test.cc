// Times that a device takes, and copies inside it.

#include <gtest/gtest.h>

#include "tests/worker/cuda/device_testing.h"

namespace chorus::worker::testing {
namespace {

TEST(DeviceMarksTest, TimeGoesByBetweenMarksAndMarksAreUsedAgain) {
  const std::unique_ptr<Device> device = OpenTestDevice();
  DeviceArrays arrays(device.get());
  float* const memory = arrays.Put(std::vector<float>(100000));
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(device->Mark(3).ok());
    device->Fill(1.0f, {memory, 1000, 100});
    ASSERT_TRUE(device->Mark(0).ok());
    device->Fill(2.0f, {memory, 1000, 100});
    ASSERT_TRUE(device->Mark(7).ok());
    ASSERT_TRUE(device->Synchronize().ok());
    const Result<double> first = device->SecondsBetween(3, 0), all = device->SecondsBetween(3, 7);
    ASSERT_TRUE(first.ok() && all.ok());
    EXPECT_GT(*first, 0.0);
    EXPECT_GT(*all, *first);
  }
}

TEST(DeviceMarksTest, AMarkThatWasNeverMadeHasNoTime) {
  const std::unique_ptr<Device> device = OpenTestDevice();
  ASSERT_TRUE(device->Mark(1).ok());
  ASSERT_TRUE(device->Synchronize().ok());
  const Result<double> seconds = device->SecondsBetween(0, 1);
  EXPECT_NE(seconds.status().message().find("cudaEventElapsedTime"), std::string::npos)
      << seconds.status().ToString();
}

TEST(DeviceMarksTest, CopiesInsideTheDeviceKeepEveryByte) {
  const std::unique_ptr<Device> device = OpenTestDevice();
  DeviceArrays arrays(device.get());
  const std::vector<float> values = {1, 2, 3, 4, 5};
  const float* const from = arrays.Put(values);
  float* const to = arrays.Put(std::vector<float>(5));
  ASSERT_TRUE(device->CopyOnDevice(from, to, 4 * sizeof(float)).ok());
  EXPECT_EQ(arrays.Get(to, 5), (std::vector<float>{1, 2, 3, 4, 0}));
  EXPECT_TRUE(device->CopyOnDevice(from, to, 0).ok());
}

}  // namespace
}  // namespace chorus::worker::testing
