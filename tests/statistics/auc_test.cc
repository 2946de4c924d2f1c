#include "worker/statistics/auc.h"

#include <gtest/gtest.h>

#include "tests/statistics/statistics_testing.h"

namespace chorus::worker {
namespace {

TEST(AucTest, EqualsTheSumOverPairsWithTiesWeightsAndFractionalLabels) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    std::vector<double> score, label, weight, ones;
    for (uint64_t i = 0; i < 300; ++i) {
      const double z = TestNormal(seed, i, 0);
      score.push_back(seed % 2 == 0 ? std::round(2 * z) : z);
      label.push_back(seed > 2 ? TestUniform(seed, i, 1) : TestUniform(seed, i, 1) < 0.3);
      weight.push_back(std::floor(3 * TestUniform(seed, i, 2)));
      ones.push_back(1);
    }
    EXPECT_NEAR(*Auc(score, label), AucByPairs(score, label, ones), 1e-12);
    EXPECT_NEAR(*Auc(score, label, weight), AucByPairs(score, label, weight), 1e-12);
  }
}

TEST(AucTest, IsAbsentWithoutBothClasses) {
  const std::vector<double> score = {1, 2}, none = {0, 0}, all = {1, 1}, both = {0, 1};
  EXPECT_FALSE(Auc(score, none).has_value());
  EXPECT_FALSE(Auc(score, all).has_value());
  EXPECT_FALSE(Auc({}, {}).has_value());
  EXPECT_FALSE(Auc(score, both, std::vector<double>{1, 0}).has_value());
  EXPECT_EQ(*Auc(score, both), 1);
}

}  // namespace
}  // namespace chorus::worker
