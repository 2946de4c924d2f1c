#include "worker/model/dense_optimizer.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/random_floats.h"

namespace chorus::worker {
namespace {

constexpr int64_t kSize = 37;

DenseOptimizerConfig Config(const std::string& text) {
  DenseOptimizerConfig config;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &config));
  return config;
}

// Three updates with schedule factors 1, 1/2, 1/4 against `update(t, lr factor, i, g, w)`, which
// keeps its own state.
template <typename Update>
void ExpectFollows(const std::string& config, Update update) {
  const auto optimizer = DenseOptimizer::Create(Config(config), 0, kSize);
  std::vector<float> weights = RandomFloats(kSize, 1, 1.0f);
  std::vector<double> expected(weights.begin(), weights.end());
  for (uint64_t t = 1; t <= 3; ++t) {
    const float factor = 1.0f / static_cast<float>(1 << (t - 1));
    std::vector<float> gradient = RandomFloats(kSize, 10 + t, 1.0f);
    for (size_t i = 0; i < kSize; ++i) update(t, factor, i, gradient[i], expected[i]);
    EXPECT_EQ(optimizer->Apply(t, factor, 0, gradient, weights).norm, 0.0);
    for (size_t i = 0; i < kSize; ++i) ASSERT_NEAR(weights[i], expected[i], 2e-6) << t;
  }
}

TEST(DenseOptimizerTest, SgdMatchesADoubleLoop) {
  ExpectFollows("sgd { lr: 0.5 }", [](uint64_t, double factor, size_t, double g, double& w) {
    w -= 0.5 * factor * g;
  });
}

TEST(DenseOptimizerTest, AdagradMatchesADoubleLoop) {
  std::vector<double> sum(kSize, 0.2);
  ExpectFollows("adagrad { lr: 0.1 initial_accumulator: 0.2 eps: 1e-8 }",
                [&](uint64_t, double factor, size_t i, double g, double& w) {
                  sum[i] += g * g;
                  w -= 0.1 * factor * g / (std::sqrt(sum[i]) + 1e-8);
                });
}

void ExpectAdam(const std::string& config, double decay) {
  std::vector<double> mean(kSize), variance(kSize);
  ExpectFollows(config, [&](uint64_t t, double factor, size_t i, double g, double& w) {
    const double lr = 0.01 * factor, steps = static_cast<double>(t);
    mean[i] = 0.9 * mean[i] + 0.1 * g;
    variance[i] = 0.99 * variance[i] + 0.01 * g * g;
    w -= lr * decay * w;
    w -= lr * (mean[i] / (1 - std::pow(0.9, steps))) /
         (std::sqrt(variance[i] / (1 - std::pow(0.99, steps))) + 1e-8);
  });
}
TEST(DenseOptimizerTest, AdamMatchesADoubleLoop) {
  ExpectAdam("adam { lr: 0.01 beta1: 0.9 beta2: 0.99 eps: 1e-8 }", 0);
}
TEST(DenseOptimizerTest, AdamWDecaysWeightsApartFromTheGradient) {
  ExpectAdam("adamw { lr: 0.01 beta1: 0.9 beta2: 0.99 eps: 1e-8 weight_decay: 0.3 }", 0.3);
}

TEST(DenseOptimizerTest, ClippingScalesToTheGlobalNormOnlyAboveIt) {
  const auto optimizer = DenseOptimizer::Create(Config("sgd { lr: 1 }"), 2.5, 2);
  std::vector<float> weights = {0, 0}, gradient = {3, 4};
  EXPECT_EQ(optimizer->Apply(1, 1.0f, 0, gradient, weights).norm, 5.0);
  EXPECT_FLOAT_EQ(weights[0], -1.5f);
  EXPECT_FLOAT_EQ(weights[1], -2.0f);
  gradient = {0.25f, 0};
  EXPECT_EQ(optimizer->Apply(2, 1.0f, 0, gradient, weights).norm, 0.25);
  EXPECT_FLOAT_EQ(weights[0], -1.75f);
}

TEST(DenseOptimizerTest, AnUpdateSaysWhenWeightsOrStateStopBeingFinite) {
  constexpr size_t kMany = 5000;  // several blocks
  for (const char* const text : {"sgd { lr: 1e30 }", "adagrad { }", "adam { }", "adamw { }"}) {
    for (const size_t bad : {size_t{0}, size_t{2047}, size_t{2048}, kMany - 1}) {
      const auto optimizer = DenseOptimizer::Create(Config(text), 0, kMany);
      std::vector<float> weights(kMany, 1), gradient(kMany, 0.5f);
      EXPECT_TRUE(optimizer->Apply(1, 1.0f, 0, gradient, weights).finite) << text;
      gradient[bad] = 1e25f;  // finite, but its square is not
      EXPECT_FALSE(optimizer->Apply(2, 1.0f, 0, gradient, weights).finite) << text << ", " << bad;
    }
  }
}

TEST(DenseOptimizerTest, ARangeLeavesTheOtherWeightsAndTheirStateAlone) {
  const auto optimizer = DenseOptimizer::Create(Config("adam { lr: 0.01 }"), 0, 6);
  const auto alone = DenseOptimizer::Create(Config("adam { lr: 0.01 }"), 0, 3);
  std::vector<float> weights = {1, 2, 3, 4, 5, 6}, gradient = {9, 9, 0.5f, -1, 2, 9};
  std::vector<float> few = {3, 4, 5}, few_gradient = {0.5f, -1, 2};
  for (uint64_t t = 1; t <= 3; ++t) {
    optimizer->Apply(t, 1.0f, 2, std::span(gradient).subspan(2, 3),
                     std::span(weights).subspan(2, 3));
    alone->Apply(t, 1.0f, 0, few_gradient, few);
  }
  EXPECT_EQ(weights, (std::vector<float>{1, 2, few[0], few[1], few[2], 6}));
  for (const OptimizerState& state : optimizer->state()) {
    for (const size_t untouched : {0, 1, 5}) EXPECT_EQ(state.values[untouched], 0) << state.name;
  }
}

TEST(DenseOptimizerTest, SeveralRangesAreClippedToOneNorm) {
  const auto optimizer =
      DenseOptimizer::Create(Config("adamw { lr: 0.01 weight_decay: 0.1 }"), 1, 7);
  const auto alone = DenseOptimizer::Create(Config("adamw { lr: 0.01 weight_decay: 0.1 }"), 1, 4);
  std::vector<float> weights = {1, 2, 3, 4, 5, 6, 7}, few = {2, 3, 5, 6};
  const std::vector<ParameterRange> parts = {{1, 3}, {4, 6}};
  for (uint64_t t = 1; t <= 3; ++t) {
    std::vector<float> gradient = {9, 3, -4, 9, 1, 2, 9}, few_gradient = {3, -4, 1, 2};
    const double norm = optimizer->ApplyParts(t, 1.0f, parts, gradient, weights, nullptr).norm;
    EXPECT_NEAR(norm, alone->Apply(t, 1.0f, 0, few_gradient, few).norm, 1e-12);
  }
  const std::vector<float> got = {weights[1], weights[2], weights[4], weights[5]};
  for (size_t i = 0; i < few.size(); ++i) EXPECT_NEAR(got[i], few[i], 1e-6);
  for (const size_t untouched : {0, 3, 6}) {
    EXPECT_EQ(weights[untouched], static_cast<float>(untouched + 1));
    for (const OptimizerState& state : optimizer->state()) EXPECT_EQ(state.values[untouched], 0);
  }
}

TEST(DenseOptimizerTest, ThreadsShareTheWorkBitForBit) {
  constexpr int64_t kMany = 200000;
  const std::vector<ParameterRange> parts = {{10, 150001}, {150005, kMany}};
  const auto pool = std::move(ThreadPool::Create(3)).value();
  std::vector<std::vector<float>> results;
  for (ThreadPool* const threads : {static_cast<ThreadPool*>(nullptr), pool.get()}) {
    const auto optimizer = DenseOptimizer::Create(Config("adam { lr: 0.01 }"), 0.5, kMany);
    std::vector<float> weights = RandomFloats(kMany, 1, 1.0f);
    for (uint64_t t = 1; t <= 2; ++t) {
      std::vector<float> gradient = RandomFloats(kMany, 1 + t, 1.0f);
      EXPECT_TRUE(optimizer->ApplyParts(t, 1.0f, parts, gradient, weights, threads).finite);
    }
    for (const OptimizerState& state : optimizer->state()) results.push_back(state.values);
    results.push_back(weights);
    std::vector<float> gradient(kMany, 0.0f);
    gradient[160000] = std::nanf("");
    EXPECT_FALSE(optimizer->ApplyParts(3, 1.0f, parts, gradient, weights, threads).finite);
  }
  ASSERT_EQ(results.size(), 6u);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(results[i], results[i + 3]);
}

TEST(DenseOptimizerTest, RestoredStateContinuesBitForBit) {
  const DenseOptimizerConfig config = Config("adam { lr: 0.01 }");
  const auto one = DenseOptimizer::Create(config, 0, kSize);
  const auto two = DenseOptimizer::Create(config, 0, kSize);
  std::vector<float> a = RandomFloats(kSize, 1, 1.0f), gradient = RandomFloats(kSize, 2, 1.0f);
  one->Apply(1, 1.0f, 0, gradient, a);
  std::vector<float> b = a;
  two->state() = one->state();
  one->Apply(2, 1.0f, 0, gradient, a);
  two->Apply(2, 1.0f, 0, gradient, b);
  EXPECT_EQ(a, b);
}

}  // namespace
}  // namespace chorus::worker
