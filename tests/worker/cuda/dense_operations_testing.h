#pragma once
// What tests of dense operations share. Terms have size one: a float sum of n of them errs by about
// n * 1e-7. Thread safety: the test's thread.

#include <gtest/gtest.h>

#include <memory>

#include "tests/worker/cuda/both_backends.h"

namespace chorus::worker::testing {

class DenseOperationsTest : public ::testing::Test {
 protected:
  const std::unique_ptr<Device> device_ = OpenTestDevice();
};

inline double SumError(int64_t terms) { return 1e-7 * static_cast<double>(terms + 10); }

}  // namespace chorus::worker::testing
