#include "worker/math/backend.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tests/worker/engine/cpu/world.h"
#include "worker/math/kernels.h"

namespace chorus::worker {
namespace {

std::unique_ptr<Backend> Cpu() { return std::move(NewCpuBackend(ComputeConfig::NATIVE)).value(); }

// Compares with a triple loop in double; elements of size one, so k terms err by about k * 6e-8.
void ExpectProduct(Backend* backend, GemmOptions options, int64_t m, int64_t n, int64_t k) {
  SCOPED_TRACE(StrCat(m, " x ", n, " x ", k, " ta=", options.transpose_a, " tb=",
                      options.transpose_b, " acc=", options.accumulate, " relu=", options.relu));
  const int64_t lda = (options.transpose_a ? m : k) + 3, ldb = (options.transpose_b ? k : n) + 1;
  const int64_t ldc = n + 2;
  const std::vector<float> a = RandomFloats((options.transpose_a ? k : m) * lda, 1, 1.0f);
  const std::vector<float> b = RandomFloats((options.transpose_b ? n : k) * ldb, 2, 1.0f);
  const std::vector<float> bias = RandomFloats(n, 3, 1.0f);
  const std::vector<float> before = RandomFloats(m * ldc, 4, 1.0f);
  std::vector<float> c = before;
  const bool with_bias = !options.transpose_a && !options.accumulate;
  options.bias = with_bias ? bias.data() : nullptr;
  const MatrixView<const float> av(a.data(), options.transpose_a ? k : m,
                                   options.transpose_a ? m : k, lda);
  const MatrixView<const float> bv(b.data(), options.transpose_b ? n : k,
                                   options.transpose_b ? k : n, ldb);
  ASSERT_TRUE(backend->Gemm(options, av, bv, {c.data(), m, n, ldc}).ok());
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < ldc; ++j) {
      const auto at = static_cast<size_t>(i * ldc + j);
      if (j >= n) {
        ASSERT_EQ(c[at], before[at]) << "written beyond the row";
        continue;
      }
      double sum = (options.accumulate ? before[at] : 0.0) + (with_bias ? bias[j] : 0.0);
      for (int64_t p = 0; p < k; ++p) {
        sum += static_cast<double>(options.transpose_a ? av(p, i) : av(i, p)) *
               (options.transpose_b ? bv(j, p) : bv(p, j));
      }
      if (options.relu) sum = std::max(sum, 0.0);
      ASSERT_NEAR(c[at], sum, 1e-6 * static_cast<double>(k + 4));
    }
  }
}

TEST(BackendTest, GemmMatchesDoubleLoopsForEveryShapeAndEpilogue) {
  const auto backend = Cpu();
  const int64_t sizes[][3] = {{0, 3, 3},   {3, 0, 3},   {3, 3, 0},    {1, 1, 1},     {31, 33, 1},
                              {33, 1, 31}, {1, 31, 33}, {31, 31, 31}, {33, 7, 1000}, {64, 48, 33}};
  for (const auto& size : sizes) {
    for (int bits = 0; bits < 16; ++bits) {
      const GemmOptions options = {.transpose_a = (bits & 1) != 0,
                                   .transpose_b = (bits & 2) != 0,
                                   .accumulate = (bits & 4) != 0,
                                   .relu = (bits & 8) != 0};
      if (options.transpose_a && options.relu) continue;
      ExpectProduct(backend.get(), options, size[0], size[1], size[2]);
    }
  }
}

TEST(BackendTest, SumsRowsByIndexInOrderAndGathersThemBack) {
  const auto backend = Cpu();
  const std::vector<float> from = RandomFloats(6 * 5, 1, 1.0f);
  const uint32_t index[] = {2, 0, 2, 1};
  std::vector<float> sums(3 * 5, 9.0f), gathered(6 * 5, 9.0f);
  backend->SumRowsByIndex({from.data(), 6, 5}, {index, 4}, {sums.data(), 3, 5});
  backend->GatherRows({sums.data(), 3, 5}, {index, 4}, {gathered.data(), 6, 5});
  std::vector<float> twice = gathered;
  backend->AddGatheredRows({sums.data(), 3, 5}, {index, 4}, {twice.data(), 6, 5});
  for (int j = 0; j < 5; ++j) {
    EXPECT_EQ(sums[2 * 5 + j], from[0 * 5 + j] + from[2 * 5 + j]);
    EXPECT_EQ(gathered[3 * 5 + j], from[3 * 5 + j]);
    EXPECT_EQ(gathered[4 * 5 + j], 0.0f) << "rows past the grain's end are zero";
    EXPECT_EQ(twice[3 * 5 + j], 2 * gathered[3 * 5 + j]);
    EXPECT_EQ(twice[4 * 5 + j], 0.0f);
  }
}

TEST(BackendTest, ReluBackwardPassesWhereTheOutputWasPositive) {
  const auto backend = Cpu();
  const std::vector<float> y = {1, 0, 0, 2, 3, 0};
  std::vector<float> gradient = {5, 6, 7, 8, 9, 10}, bias(2, 99.0f);
  backend->ReluBackward({y.data(), 3, 2}, {gradient.data(), 3, 2}, bias.data());
  EXPECT_EQ(gradient, (std::vector<float>{5, 0, 0, 8, 9, 0}));
  EXPECT_EQ(bias, (std::vector<float>{14, 8}));
}

TEST(BackendTest, DotRowsAndItsBackwardMatchDoubleLoops) {
  const auto backend = Cpu();
  for (int64_t m : {1, 15, 16, 33, 80}) {
    const std::vector<float> x = RandomFloats(7 * m, 1, 1.0f), w = RandomFloats(m, 2, 1.0f);
    const std::vector<float> dz = RandomFloats(7, 3, 1.0f);
    std::vector<float> z(7), dw(static_cast<size_t>(m)), dx(static_cast<size_t>(7 * m), 1.0f);
    const float bias = 0.5f;
    float sum_of_dz = 0;
    backend->DotRows({x.data(), 7, m}, w.data(), &bias, {z.data(), 7, 1});
    backend->SumColumn({dz.data(), 7, 1}, &sum_of_dz);
    EXPECT_NEAR(sum_of_dz, std::accumulate(dz.begin(), dz.end(), 0.0), 1e-6);
    backend->DotRowsBackward({x.data(), 7, m}, w.data(), {dz.data(), 7, 1}, dw.data(),
                             {dx.data(), 7, m}, -0.5f, true);
    for (int64_t j = 0; j < m; ++j) {
      double sum = 0;
      for (int64_t i = 0; i < 7; ++i) sum += static_cast<double>(dz[i]) * x[i * m + j];
      EXPECT_NEAR(dw[j], sum, 1e-6);
    }
    for (int64_t i = 0; i < 7; ++i) {
      double dot = 0.5;
      for (int64_t j = 0; j < m; ++j) dot += static_cast<double>(x[i * m + j]) * w[j];
      EXPECT_NEAR(z[i], dot, 1e-5);
      EXPECT_NEAR(dx[i * m], 1.0 - 0.5 * dz[i] * w[0], 1e-6);
    }
  }
}

TEST(BackendTest, FindsEveryKindOfNonFiniteValue) {
  std::vector<float> values(100, 1e38f);
  EXPECT_TRUE(AllFinite(values.data(), 100));
  for (float bad : {INFINITY, -INFINITY, NAN}) {
    values[63] = bad;
    EXPECT_FALSE(AllFinite(values.data(), 100));
    EXPECT_TRUE(AllFinite(values.data(), 63));
  }
}

}  // namespace
}  // namespace chorus::worker
