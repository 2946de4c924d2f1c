#pragma once
// One operation on the CPU and on an emulated device, from the same arrays. Thread safety: one
// thread.

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <memory>
#include <vector>

#include "tests/worker/cuda/device_testing.h"
#include "tests/worker/engine/cpu/world.h"

namespace chorus::worker::testing {

// Numbers of rows that fill no warp, a little more than one, and several blocks.
inline const std::vector<int64_t> kOddRows = {0, 1, 31, 33, 1000};

class BothBackends {
 public:
  explicit BothBackends(Device* device) : device_(device), arrays_(device) {}

  // A matrix of seeded values in (-1, 1); between its rows are values that no operation may touch.
  size_t Matrix(int64_t rows, int64_t cols, int64_t padding = 3) {
    const int64_t stride = cols + padding;
    views_.push_back({nullptr, rows, cols, stride});
    return Add(RandomFloats(rows * stride, 100 + before_.size(), 1.0f));
  }
  size_t Vector(int64_t n) { return Matrix(1, n, 0); }
  // Sets the first values of the last matrix, element by element.
  void Set(size_t matrix, const std::function<float(int64_t i, int64_t j)>& value) {
    for (int64_t i = 0; i < views_[matrix].rows; ++i) {
      for (int64_t j = 0; j < views_[matrix].cols; ++j) {
        before_[matrix][static_cast<size_t>(i * views_[matrix].stride + j)] = value(i, j);
      }
    }
  }
  template <typename T>
  size_t Constant(const std::vector<T>& values) {
    constants_.push_back({values.data(), arrays_.Put(values)});
    return constants_.size() - 1;
  }

  // What an operation is given.
  struct Arguments {
    Backend* backend;
    std::vector<MatrixView<float>> matrices;
    std::vector<const void*> constants;
    MatrixView<float> operator[](size_t matrix) const { return matrices[matrix]; }
    float* row(size_t matrix) const { return matrices[matrix].data; }
    template <typename T>
    const T* constant(size_t i) const {
      return static_cast<const T*>(constants[i]);
    }
  };
  using Operation = std::function<void(const Arguments& arguments)>;
  void Run(const Operation& operation) {
    cpu_ = before_;
    Arguments on_cpu = {cpu_backend_.get(), views_, {}};
    Arguments on_device = {device_, views_, {}};
    for (size_t i = 0; i < views_.size(); ++i) {
      on_cpu.matrices[i].data = cpu_[i].data();
      on_device.matrices[i].data = arrays_.Put(before_[i]);
    }
    for (const auto& [host, device] : constants_) {
      on_cpu.constants.push_back(host);
      on_device.constants.push_back(device);
    }
    operation(on_cpu);
    operation(on_device);
    on_device_.clear();
    for (size_t i = 0; i < views_.size(); ++i) {
      on_device_.push_back(arrays_.Get(on_device.matrices[i].data, before_[i].size()));
    }
  }

  double before(size_t matrix, int64_t i, int64_t j = 0) const { return At(before_, matrix, i, j); }
  // `tolerance`: of elements against those of the CPU; 0: the same bits. Values between the rows
  // stay as they were on both.
  void ExpectSame(double tolerance) const {
    for (size_t m = 0; m < views_.size(); ++m) {
      for (size_t at = 0; at < before_[m].size(); ++at) {
        const bool between = static_cast<int64_t>(at) % views_[m].stride >= views_[m].cols;
        const float cpu = cpu_[m][at], device = on_device_[m][at];
        ASSERT_TRUE(!between || (cpu == before_[m][at] && device == cpu)) << "matrix " << m;
        ASSERT_NEAR(device, cpu, tolerance * (1 + std::abs(cpu))) << "matrix " << m << " at " << at;
      }
    }
  }
  // The same for the device, against double loops.
  void ExpectNear(size_t matrix, const std::function<double(int64_t i, int64_t j)>& oracle,
                  double tolerance) const {
    for (int64_t i = 0; i < views_[matrix].rows; ++i) {
      for (int64_t j = 0; j < views_[matrix].cols; ++j) {
        const double expected = oracle(i, j);
        ASSERT_NEAR(At(on_device_, matrix, i, j), expected, tolerance * (1 + std::abs(expected)))
            << "matrix " << matrix << " (" << i << ", " << j << ")";
      }
    }
  }

 private:
  size_t Add(std::vector<float> values) {
    before_.push_back(std::move(values));
    return before_.size() - 1;
  }
  float At(const std::vector<std::vector<float>>& from, size_t m, int64_t i, int64_t j) const {
    return from[m][static_cast<size_t>(i * views_[m].stride + j)];
  }

  const std::unique_ptr<Backend> cpu_backend_ =
      std::move(NewCpuBackend(ComputeConfig::NATIVE)).value();
  Device* const device_;
  DeviceArrays arrays_;
  std::vector<MatrixView<float>> views_;                        // shapes
  std::vector<std::vector<float>> before_, cpu_, on_device_;    // by matrix
  std::vector<std::pair<const void*, const void*>> constants_;  // on the host, on the device
};

}  // namespace chorus::worker::testing
