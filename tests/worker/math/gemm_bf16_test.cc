#include "worker/math/gemm_bf16.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "common/strings.h"
#include "tests/worker/math/bf16_testing.h"
#include "worker/math/thread_pool.h"

namespace chorus::worker {
namespace {

// By the definition: of the bfloat16 numbers around `value` the nearer, of two the even one.
float Nearest(float value) {
  if (!std::isfinite(value) || value == 0) return value;
  int exponent = 0;
  (void)std::frexp(value, &exponent);
  const double unit = std::ldexp(1.0, exponent - 8);
  const double rounded = std::nearbyint(value / unit) * unit;
  if (std::fabs(value) < std::numeric_limits<float>::min()) return std::copysign(0.0f, value);
  const double most = std::ldexp(1.0, 128);
  if (std::fabs(rounded) >= most)
    return std::copysign(std::numeric_limits<float>::infinity(), value);
  return static_cast<float>(rounded);
}

Matrix Rounded(const Matrix& matrix) {
  std::vector<float> floats(matrix.floats.size());
  std::transform(matrix.floats.begin(), matrix.floats.end(), floats.begin(), Nearest);
  return {matrix.view.rows, matrix.view.cols, floats};
}

// What c becomes, in double, of factors that are rounded.
double Expected(const GemmOptions& options, const Matrix& a, const Matrix& b, const Matrix& before,
                int64_t i, int64_t j) {
  const int64_t inner = options.transpose_a ? a.view.rows : a.view.cols;
  double sum = options.bias == nullptr ? 0.0 : options.bias[j];
  if (options.accumulate) sum += before.view(i, j);
  for (int64_t k = 0; k < inner; ++k) {
    sum += double{options.transpose_a ? a.view(k, i) : a.view(i, k)} *
           (options.transpose_b ? b.view(j, k) : b.view(k, j));
  }
  return options.relu ? std::max(sum, 0.0) : sum;
}

constexpr int64_t kShapes[][3] = {{1, 1, 1},    {31, 33, 1},  {33, 1, 31},   {16, 32, 32},
                                  {17, 80, 65}, {64, 48, 33}, {40, 33, 130}, {5, 70, 200}};

std::vector<GemmOptions> AllOptions(const std::vector<float>& bias) {
  std::vector<GemmOptions> all;
  for (int bits = 0; bits < 32; ++bits) {
    const GemmOptions options = {.transpose_a = (bits & 1) != 0,
                                 .transpose_b = (bits & 2) != 0,
                                 .accumulate = (bits & 4) != 0,
                                 .relu = (bits & 8) != 0,
                                 .bias = (bits & 16) != 0 ? bias.data() : nullptr};
    if (options.transpose_a && (options.relu || options.bias != nullptr)) continue;
    all.push_back(options);
  }
  return all;
}

TEST_F(Bf16Test, RoundsToTheNearestAndKeepsWhatIsNoNumber) {
  constexpr float kLimits[] = {std::numeric_limits<float>::infinity(),
                               -std::numeric_limits<float>::infinity(),
                               std::numeric_limits<float>::quiet_NaN(),
                               std::numeric_limits<float>::max(),
                               std::numeric_limits<float>::denorm_min(),
                               std::numeric_limits<float>::min(),
                               -1e-40f,
                               1.00390625f,  // half way, to the even one below
                               1.01171875f,  // half way, to the even one above
                               1.0039063f,
                               -0.0f};
  std::vector<float> values = RandomFloats(32 * 16, 9, 1e3f);
  std::copy(std::begin(kLimits), std::end(kLimits), values.begin());
  const Factor factor = {MatrixView<const float>(values.data(), 16, 32), false, false};
  for (const Named& named : kernels_) {
    alignas(64) Bf16 tile[kTileSize];
    named.kernels->pack(factor, 0, tile, nullptr);
    for (size_t i = 0; i < values.size(); ++i) {
      const float expected = Nearest(values[i]);
      if (std::isnan(expected)) {
        EXPECT_TRUE(std::isnan(Widened(tile[i]))) << named.name;
      } else {
        EXPECT_EQ(std::bit_cast<uint32_t>(Widened(tile[i])), std::bit_cast<uint32_t>(expected))
            << named.name << ": " << values[i];
      }
    }
  }
}

TEST_F(Bf16Test, AllKernelsPackAlike) {
  const Matrix matrix = RandomMatrix(53, 75, 1);
  for (const bool inner_is_rows : {false, true}) {
    for (const bool is_b : {false, true}) {
      const Factor factor = {matrix.view, inner_is_rows, is_b};
      const int64_t size = TilesFor(factor.inner()) * kTileSize;
      for (int64_t panel = 0; panel < PanelsFor(factor.outer()); ++panel) {
        AlignedMatrix expected(1, size), got(1, size);
        kernels_[0].kernels->pack(factor, panel, reinterpret_cast<Bf16*>(expected.view().data),
                                  nullptr);
        for (const Named& named : kernels_) {
          named.kernels->pack(factor, panel, reinterpret_cast<Bf16*>(got.view().data), nullptr);
          EXPECT_EQ(std::memcmp(expected.view().data, got.view().data, size * sizeof(Bf16)), 0)
              << named.name << ", panel " << panel << (inner_is_rows ? ", transposed" : "");
        }
      }
    }
  }
}

// Sums of whole numbers are exact in any order.
TEST_F(Bf16Test, ProductsOfWholeNumbersAreExact) {
  const std::vector<float> bias = {WholeNumbers(1, 100, 3).floats};
  for (const Named& named : kernels_) {
    Bf16Gemm gemm(*named.kernels);
    for (const auto& [m, n, k] : kShapes) {
      for (const GemmOptions& options : AllOptions(bias)) {
        SCOPED_TRACE(StrCat(named.name, " ", m, " x ", n, " x ", k, " ta=", options.transpose_a,
                            " tb=", options.transpose_b, " acc=", options.accumulate));
        const Matrix a = WholeNumbers(options.transpose_a ? k : m, options.transpose_a ? m : k, 1);
        const Matrix b = WholeNumbers(options.transpose_b ? n : k, options.transpose_b ? k : n, 2);
        const Matrix before = WholeNumbers(m, n, 4);
        Matrix c = before;
        c.view.data = c.floats.data();
        gemm.Run(options, GemmTerm{a.view, b.view}, c.view);
        for (int64_t i = 0; i < m; ++i) {
          for (int64_t j = 0; j < n; ++j) {
            ASSERT_EQ(c.view(i, j), Expected(options, a, b, before, i, j)) << i << ", " << j;
          }
          ASSERT_TRUE(std::isnan(c.floats[i * c.view.stride + n])) << "written beyond the row";
        }
      }
    }
  }
}

TEST_F(Bf16Test, ProductsAreThoseOfRoundedFactors) {
  const Matrix a = RandomMatrix(70, 300, 1), b = RandomMatrix(300, 50, 2);
  const Matrix rounded_a = Rounded(a), rounded_b = Rounded(b), before = RandomMatrix(70, 50, 3);
  for (const Named& named : kernels_) {
    Matrix c = RandomMatrix(70, 50, 4);
    Bf16Gemm(*named.kernels).Run({}, GemmTerm{a.view, b.view}, c.view);
    for (int64_t i = 0; i < 70; ++i) {
      for (int64_t j = 0; j < 50; ++j) {
        ASSERT_NEAR(c.view(i, j), Expected({}, rounded_a, rounded_b, before, i, j), 1e-4)
            << named.name;
      }
    }
  }
}

TEST_F(Bf16Test, WeightsAreReadAgainWhenTheyHaveChanged) {
  const Matrix a = RandomMatrix(40, 64, 1);
  for (const Named& named : kernels_) {
    std::vector<float> weights = RandomFloats(64 * 64, 2, 1.0f);
    Bf16Gemm gemm(*named.kernels), without(*named.kernels);
    // Two matrices within the weights, one of them read transposed, too.
    const MatrixView<const float> left(weights.data(), 64, 20, 64),
        right(weights.data() + 20, 64, 44, 64);
    for (int change = 0; change < 3; ++change) {
      for (float& weight : weights) weight += 1.0f;
      gemm.UseWeights(weights.data(), 64 * 64);
      for (int time = 0; time < 2; ++time) {
        Matrix c = RandomMatrix(40, 64, 3), expected = RandomMatrix(40, 64, 3);
        for (const auto& [b, first] : {std::pair(left, 0), std::pair(right, 20)}) {
          gemm.Run({}, GemmTerm{a.view, b}, c.view.Columns(first, b.cols));
          without.Run({}, GemmTerm{a.view, b}, expected.view.Columns(first, b.cols));
        }
        gemm.Run({.transpose_b = true, .accumulate = true}, GemmTerm{a.view.Columns(0, 20), left},
                 c.view);
        without.Run({.transpose_b = true, .accumulate = true},
                    GemmTerm{a.view.Columns(0, 20), left}, expected.view);
        for (int64_t i = 0; i < 40; ++i) {
          ASSERT_TRUE(std::equal(c.view.row(i), c.view.row(i) + 64, expected.view.row(i)))
              << named.name << ", change " << change;
        }
      }
    }
  }
}

TEST_F(Bf16Test, ThreadsComputeTheSameBits) {
  const Matrix a = RandomMatrix(64, 100, 1);
  const std::vector<float> weights = RandomFloats(100 * 48, 2, 1.0f);
  const auto pool = std::move(ThreadPool::Create(4)).value();
  for (const Named& named : kernels_) {
    Bf16Gemm gemm(*named.kernels);
    gemm.UseWeights(weights.data(), 100 * 48);
    std::vector<AlignedMatrix> results(16);
    for (AlignedMatrix& c : results) c = AlignedMatrix(64, 48);
    ASSERT_TRUE(
        pool->ParallelFor(16,
                          [&](uint32_t i, uint32_t) {
                            const MatrixView<const float> b(weights.data(), 100, 48);
                            gemm.Run({.relu = true}, GemmTerm{a.view, b}, results[i].view());
                            return Status::Ok();
                          })
            .ok());
    for (AlignedMatrix& c : results) {
      ASSERT_EQ(std::memcmp(c.view().data, results[0].view().data, 64 * 48 * sizeof(float)), 0)
          << named.name;
    }
  }
}

TEST_F(Bf16Test, WhatIsNoNumberShowsBehindReLU) {
  Matrix a = RandomMatrix(20, 40, 1);
  const Matrix b = RandomMatrix(40, 20, 2);
  a.view(7, 5) = std::nanf("");
  for (const Named& named : kernels_) {
    Matrix c = RandomMatrix(20, 20, 3);
    Bf16Gemm(*named.kernels).Run({.relu = true}, GemmTerm{a.view, b.view}, c.view);
    for (int64_t i = 0; i < 20; ++i) {
      for (int64_t j = 0; j < 20; ++j) EXPECT_EQ(std::isnan(c.view(i, j)), i == 7) << named.name;
    }
  }
}

}  // namespace
}  // namespace chorus::worker
