#include "worker/statistics/delong.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/worker/statistics/statistics_testing.h"

namespace chorus::worker::testing {
namespace {

struct TestSet {
  std::vector<std::vector<double>> score;  // [k][n]
  std::vector<uint8_t> label;

  std::optional<double> Variance(const std::vector<double>& coefficients) const {
    const std::vector<std::span<const double>> views(score.begin(), score.end());
    return DeLongVariance(views, label, coefficients);
  }
  double Auc(size_t k) const {
    return AucByPairs(score[k], {label.begin(), label.end()},
                      std::vector<double>(label.size(), 1.0));
  }
};

// k scores that share a part, of which each knows the label a little. rounded: many ties.
TestSet RandomSet(uint64_t seed, uint64_t n, size_t k, bool rounded = false) {
  TestSet set;
  set.score.resize(k);
  for (uint64_t i = 0; i < n; ++i) {
    set.label.push_back(TestUniform(seed, i, 0) < 0.3);
    const double shared = TestNormal(seed, i, 1) + 0.8 * set.label[i];
    for (size_t s = 0; s < k; ++s) {
      const double z = shared + 0.7 * TestNormal(seed, i, 2 + s);
      set.score[s].push_back(rounded ? std::round(2 * z) : z);
    }
  }
  return set;
}

// The paper's S10 / m + S01 / n from all pairs, as a k x k matrix.
std::vector<std::vector<double>> CovarianceByPairs(const TestSet& set) {
  const size_t n = set.label.size(), k = set.score.size();
  std::vector<std::vector<double>> covariance(k, std::vector<double>(k, 0.0));
  for (const bool of_positives : {true, false}) {
    std::vector<std::vector<double>> v(k);
    for (size_t s = 0; s < k; ++s) {
      for (size_t i = 0; i < n; ++i) {
        if ((set.label[i] != 0) != of_positives) continue;
        double sum = 0, others = 0;
        for (size_t j = 0; j < n; ++j) {
          if (set.label[j] == set.label[i]) continue;
          sum += of_positives ? Psi(set.score[s][i], set.score[s][j])
                              : Psi(set.score[s][j], set.score[s][i]);
          others += 1;
        }
        v[s].push_back(sum / others);
      }
    }
    const auto count = static_cast<double>(v[0].size());
    const auto mean = [&](size_t s) {
      double sum = 0;
      for (double x : v[s]) sum += x;
      return sum / count;
    };
    for (size_t s = 0; s < k; ++s) {
      for (size_t t = 0; t < k; ++t) {
        double products = 0;
        for (size_t i = 0; i < v[s].size(); ++i) {
          products += (v[s][i] - mean(s)) * (v[t][i] - mean(t));
        }
        covariance[s][t] += products / (count - 1) / count;
      }
    }
  }
  return covariance;
}

TEST(DeLongTest, VarianceOfAnyContrastEqualsThePapersCovarianceMatrix) {
  const std::vector<double> coefficients = {0.5, 0.5, -1.0};
  for (const bool rounded : {false, true}) {
    const TestSet set = RandomSet(3, 160, 3, rounded);
    const auto got = set.Variance(coefficients);
    ASSERT_TRUE(got.has_value());
    const auto covariance = CovarianceByPairs(set);
    double variance = 0;
    for (size_t s = 0; s < 3; ++s) {
      for (size_t t = 0; t < 3; ++t)
        variance += coefficients[s] * coefficients[t] * covariance[s][t];
    }
    EXPECT_NEAR(*got, variance, 1e-15);
    EXPECT_GT(variance, 1e-5);
  }
}

TEST(DeLongTest, EqualScoresDifferByNothingForSure) {
  TestSet set = RandomSet(5, 100, 1);
  set.score.push_back(set.score[0]);
  EXPECT_EQ(set.Variance({1, -1}), 0);
}

TEST(DeLongTest, IntervalCoversTheTruthInNinetyFivePercentOfTestSets) {
  // Scores 1 and 2 have AUCs with a known difference: AUC = Phi(d / sd of the difference of two
  // draws).
  const double d0 = 0.8, sd0 = std::sqrt(2 * (1 + 0.49));
  const auto phi = [](double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); };
  const double truth = phi(d0 / sd0) - phi(0.5 * d0 / std::sqrt(2.0));
  int covered = 0;
  double mean_variance = 0, mean = 0, mean_square = 0;
  constexpr int kTrials = 1000;
  for (int trial = 0; trial < kTrials; ++trial) {
    TestSet set = RandomSet(1000 + static_cast<uint64_t>(trial), 300, 1);
    std::vector<double> weak;  // correlated with the first score, and worse
    for (uint64_t i = 0; i < 300; ++i) {
      const double noise = TestNormal(1000 + static_cast<uint64_t>(trial), i, 1);
      weak.push_back(noise + 0.4 * set.label[i]);
    }
    set.score.push_back(weak);
    const double variance = *set.Variance({1, -1}), estimate = set.Auc(0) - set.Auc(1);
    covered += std::abs(estimate - truth) <= 1.959964 * std::sqrt(variance);
    mean_variance += variance / kTrials;
    mean += estimate / kTrials;
    mean_square += estimate * estimate / kTrials;
  }
  // 1000 trials: the share's standard error is 0.007.
  EXPECT_NEAR(covered / double{kTrials}, 0.95, 0.021);
  EXPECT_NEAR(mean_variance / (mean_square - mean * mean), 1.0, 0.15);
  EXPECT_NEAR(mean, truth, 0.005);
}

TEST(DeLongTest, NeedsTwoRowsOfEachClass) {
  TestSet set = RandomSet(6, 10, 1);
  std::fill(set.label.begin(), set.label.end(), uint8_t{0});
  EXPECT_FALSE(set.Variance({1}).has_value());
  set.label[0] = 1;
  EXPECT_FALSE(set.Variance({1}).has_value());
  set.label[1] = 1;
  EXPECT_TRUE(set.Variance({1}).has_value());
}

}  // namespace
}  // namespace chorus::worker::testing
