#include "worker/statistics/interval.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <utility>

namespace chorus::worker {
namespace {

// P(|T| <= t) by Simpson's rule over the angle: x = sqrt(v) tan(a), density cos(a)^(v-1).
double StudentCentral(double t, double v) {
  const auto integral = [&](double to) {
    double sum = 0;
    constexpr int kSteps = 20000;
    for (int i = 0; i <= kSteps; ++i) {
      const double weight = i == 0 || i == kSteps ? 1 : i % 2 == 1 ? 4 : 2;
      sum += weight * std::pow(std::abs(std::cos(to * i / kSteps)), v - 1);
    }
    return sum * to / kSteps / 3;
  };
  return integral(std::atan(t / std::sqrt(v))) / integral(M_PI / 2);
}

TEST(IntervalTest, StudentQuantileLeavesFivePercentOutside) {
  for (const double v :
       {1.0, 1.3, 2.0, 2.64, 3.0, 4.9, 6.0, 9.5, 10.0, 11.0, 40.0, 99.9, 100.0, 500.0}) {
    EXPECT_NEAR(StudentCentral(StudentQuantile975(v), v), 0.95, 1e-6) << v;
  }
}

// Computed with 30 digits from the inverse of the incomplete beta function.
TEST(IntervalTest, StudentQuantileIsThatOfTables) {
  for (const auto& [v, quantile] : {std::pair{1.0, 12.7062047361747},
                                    {1.5, 6.01666310442793},
                                    {2.0, 4.30265272974946},
                                    {2.64, 3.44261105715018},
                                    {4.9, 2.58644129561608},
                                    {10.5, 2.21384029291879},
                                    {37.3, 2.02564252307796},
                                    {99.9, 1.98399583807694},
                                    {100.0, 1.98397151852355},
                                    {250.0, 1.96949839342115}}) {
    EXPECT_NEAR(StudentQuantile975(v), quantile, 1e-9) << v;
  }
  EXPECT_EQ(StudentQuantile975(std::numeric_limits<double>::infinity()), 1.959963984540054);
}

TEST(IntervalTest, WilsonsEndsAreWhereTheScoreTestJustAccepts) {
  for (const auto& [successes, trials] : {std::pair{3.0, 40.0}, {30.0, 31.0}, {500.0, 9000.0}}) {
    const Interval got = WilsonInterval95(successes, trials);
    for (const double end : {got.low, got.high}) {
      const double z = (successes / trials - end) / std::sqrt(end * (1 - end) / trials);
      EXPECT_NEAR(std::abs(z), 1.959963984540054, 1e-9);
    }
    EXPECT_TRUE(got.Contains(successes / trials));
  }
}

TEST(IntervalTest, WilsonStaysAProportion) {
  EXPECT_EQ(WilsonInterval95(0, 20).low, 0);
  EXPECT_NEAR(WilsonInterval95(0, 20).high, 0.1611, 5e-5);
  EXPECT_EQ(WilsonInterval95(20, 20).high, 1);
  EXPECT_EQ(WilsonInterval95(0, 0).low, 0);
  EXPECT_EQ(WilsonInterval95(0, 0).high, 1);
}

}  // namespace
}  // namespace chorus::worker
