#pragma once
// A CUDA device for tests (tested_device.h), and matrices in its memory. Thread safety: one thread.

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <vector>

#include "common/random.h"
#include "tests/worker/cuda/tested_device.h"

namespace chorus::worker::testing {

inline std::unique_ptr<Device> OpenTestDevice(DevicePrecision precision = DevicePrecision::kFp32) {
  DeviceOptions options;
  options.precision = precision;
  Result<std::unique_ptr<Device>> device = OpenTestedDevice(options);
  EXPECT_TRUE(device.ok()) << device.status().ToString();
  EXPECT_TRUE((*device)->Reserve({1100, 1100, 1100 * 48, 0}).ok());
  return std::move(device).value();
}

// Copies of arrays in a device's memory, which the device frees when it ends.
class DeviceArrays {
 public:
  explicit DeviceArrays(Device* device) : device_(device) {}

  template <typename T>
  T* Put(const std::vector<T>& values) {
    Result<std::byte*> memory = device_->TakeMemory(values.size() * sizeof(T));
    EXPECT_TRUE(memory.ok()) << memory.status().ToString();
    EXPECT_TRUE(device_->Upload(values.data(), *memory, values.size() * sizeof(T)).ok());
    EXPECT_TRUE(device_->Synchronize().ok());
    return reinterpret_cast<T*>(*memory);
  }
  template <typename T>
  std::vector<T> Get(const T* memory, size_t count) {
    std::vector<T> values(count);
    EXPECT_TRUE(device_->Download(memory, values.data(), count * sizeof(T)).ok());
    EXPECT_TRUE(device_->Synchronize().ok());
    return values;
  }

 private:
  Device* const device_;
};

class DeviceTest : public ::testing::Test {
 protected:
  const std::unique_ptr<Device> device_ = OpenTestDevice();
  DeviceArrays arrays_{device_.get()};
};

// The i-th draw from [0, below).
inline uint32_t Draw(uint64_t seed, uint64_t i, uint32_t below) {
  return static_cast<uint32_t>(Random(seed, RandomPurpose::kTest, i) % below);
}

// Sums of terms of size one in another order: n of them differ by about n * 6e-8.
inline void ExpectClose(const std::vector<float>& got, const std::vector<float>& expected,
                        double tolerance) {
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i) {
    ASSERT_NEAR(got[i], expected[i], tolerance * (1 + std::abs(expected[i]))) << "element " << i;
  }
}

}  // namespace chorus::worker::testing
