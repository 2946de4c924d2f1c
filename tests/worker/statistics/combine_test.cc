#include "worker/statistics/combine.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/worker/statistics/statistics_testing.h"

namespace chorus::worker::testing {
namespace {

TEST(CombineTest, OneRunIsItsOwnNormalInterval) {
  const std::vector<double> difference = {0.02}, variance = {1e-4};
  const CombinedDifference got = CombineDifferences(difference, variance);
  EXPECT_EQ(got.estimate, 0.02);
  EXPECT_FALSE(got.seed_variance.has_value());
  EXPECT_NEAR(got.interval.low, 0.02 - 0.0195996, 1e-7);
}

TEST(CombineTest, AddsSeedAndSamplingVarianceByTheFormula) {
  // Two seeds, two folds: the seeds' means are 2 and 5, their sample variance 4.5.
  const std::vector<double> difference = {1, 3, 3, 7}, variance = {0.5, 1.5};
  const CombinedDifference got = CombineDifferences(difference, variance);
  EXPECT_DOUBLE_EQ(got.estimate, 3.5);
  EXPECT_DOUBLE_EQ(got.sampling_variance, 0.5);
  EXPECT_DOUBLE_EQ(*got.seed_variance, 2.25);
  EXPECT_DOUBLE_EQ(got.standard_error, std::sqrt(2.75));
  // Satterthwaite: 2.75^2 / (2.25^2 / 1) = 1.49 degrees of freedom.
  const double degrees = 2.75 * 2.75 / (2.25 * 2.25);
  EXPECT_DOUBLE_EQ(got.interval.high, 3.5 + StudentQuantile975(degrees) * std::sqrt(2.75));
}

TEST(CombineTest, EqualSeedsLeaveTheSamplingVarianceAlone) {
  const std::vector<double> difference = {1, 1, 1}, variance = {4};
  const CombinedDifference got = CombineDifferences(difference, variance);
  EXPECT_EQ(*got.seed_variance, 0);
  EXPECT_DOUBLE_EQ(got.interval.high, 1 + 1.959963984540054 * 2);
}

TEST(CombineTest, IntervalCoversTheTruthWithThreeSeeds) {
  int covered = 0;
  constexpr int kTrials = 4000;
  for (uint64_t trial = 0; trial < kTrials; ++trial) {
    const double test_set = TestNormal(9, trial, 0);
    std::vector<double> difference;
    for (uint64_t s = 0; s < 3; ++s)
      difference.push_back(test_set + 2 * TestNormal(9, trial, 1 + s));
    covered += CombineDifferences(difference, std::vector<double>{1}).interval.Contains(0);
  }
  const double share = covered / double{kTrials};
  EXPECT_GT(share, 0.93);
  EXPECT_LT(share, 0.97);  // the normal quantile would give 0.917
}

TEST(CombineTest, IntervalCoversTheTruthWhereASeedsFoldsAgree) {
  int covered = 0;
  constexpr int kTrials = 4000;
  for (uint64_t trial = 0; trial < kTrials; ++trial) {
    std::vector<double> difference;
    for (uint64_t s = 0; s < 3; ++s) {
      const double seed = TestNormal(11, trial, 100 + s);
      for (uint64_t f = 0; f < 5; ++f) {
        const double test_set = 0.1 * TestNormal(11, trial, f);
        difference.push_back(test_set + seed + 0.6 * TestNormal(11, trial, 200 + 5 * s + f));
      }
    }
    const std::vector<double> variances(5, 0.01);
    covered += CombineDifferences(difference, variances).interval.Contains(0);
  }
  EXPECT_GT(covered / double{kTrials}, 0.93);  // folds taken as independent: 0.7
}

}  // namespace
}  // namespace chorus::worker::testing
