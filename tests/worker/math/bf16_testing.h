#pragma once
// What tests of products in bfloat16 share: every kernel that this machine can run, and matrices.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/random_floats.h"
#include "worker/math/bf16_tiles.h"

namespace chorus::worker {

// Every kernel that this machine can run, the plain one first.
class Bf16Test : public ::testing::Test {
 protected:
  Bf16Test() : kernels_({{"plain", &PlainBf16Kernels()}}) {
    for (const ComputeConfig::Isa isa : {ComputeConfig::AMX, ComputeConfig::AVX512_BF16}) {
      const Bf16Kernels* const kernels = Bf16KernelsFor(isa);
      if (kernels != nullptr) {
        kernels_.push_back({ComputeConfig::Isa_Name(isa), kernels});
      } else {
        std::printf("not tested here, since this CPU lacks it: %s\n",
                    ComputeConfig::Isa_Name(isa).c_str());
      }
    }
  }
  struct Named {
    std::string name;
    const Bf16Kernels* kernels;
  };
  std::vector<Named> kernels_;
};

// A matrix with gaps between its rows, which nothing may read or write.
struct Matrix {
  Matrix(int64_t rows, int64_t cols, std::vector<float> values)
      : view(nullptr, rows, cols, cols + 3), floats(std::move(values)) {
    floats.resize(static_cast<size_t>(rows * view.stride) + 1, 77.0f);
    for (int64_t i = 0; i < rows; ++i) {
      std::fill_n(floats.begin() + i * view.stride + cols, 3, std::nanf(""));
    }
    view.data = floats.data();
  }
  MatrixView<float> view;
  std::vector<float> floats;
};
inline Matrix RandomMatrix(int64_t rows, int64_t cols, uint64_t seed) {
  return {rows, cols, RandomFloats(rows * (cols + 3), seed, 1.0f)};
}
inline Matrix WholeNumbers(int64_t rows, int64_t cols, uint64_t seed) {
  Matrix matrix = RandomMatrix(rows, cols, seed);
  for (float& value : matrix.floats) value = std::round(value * 8);
  return matrix;
}

}  // namespace chorus::worker
