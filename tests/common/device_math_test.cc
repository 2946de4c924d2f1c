// Own exp and log against libm in long double, in units in the last place.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "common/device_math.h"
#include "common/random.h"

namespace chorus {
namespace {

using Real = long double;
constexpr double kInf = std::numeric_limits<double>::infinity();

double UlpsApart(double actual, Real expected) {
  const double rounded = static_cast<double>(expected);
  const double ulp = std::nextafter(std::abs(rounded), kInf) - std::abs(rounded);
  return static_cast<double>(std::abs(Real(actual) - expected) / ulp);
}

// 20000 draws, uniform on [low, high).
template <typename Check>
void ForUniform(double low, double high, Check check) {
  for (int i = 0; i < 20000; ++i) {
    check(low + (high - low) * ToUniform(Random(3, RandomPurpose::kTest, i)));
  }
}

TEST(DeviceMath, ExpIsWithinOneUlp) {
  for (const double range : {708.0, 1.0, 1e-6}) {
    ForUniform(-range, range,
               [](double x) { ASSERT_LT(UlpsApart(Exp(x), std::exp(Real(x))), 1.0) << x; });
  }
}

TEST(DeviceMath, LogIsWithinOneUlp) {
  ForUniform(-700, 700, [](double x) {
    const double y = std::exp(x);
    ASSERT_LT(UlpsApart(Log(y), std::log(Real(y))), 1.0) << y;
  });
  ForUniform(0.5, 2, [](double y) { ASSERT_LT(UlpsApart(Log(y), std::log(Real(y))), 1.0) << y; });
}

TEST(DeviceMath, Log1pAndExpm1AreWithinAFewUlps) {
  for (const double range : {1e-12, 1e-3, 0.99, 30.0}) {
    ForUniform(-range, range, [](double x) {
      if (x > -1) {
        ASSERT_LT(UlpsApart(Log1p(x), std::log1p(Real(x))), 4) << x;
      }
      ASSERT_LT(UlpsApart(Expm1(x), std::expm1(Real(x))), 6) << x;
    });
  }
}

TEST(DeviceMath, SigmoidAndSoftplusAreWithinAFewUlps) {
  for (const double range : {60.0, 1.0, 1e-9}) {
    ForUniform(-range, range, [](double x) {
      ASSERT_LT(UlpsApart(Sigmoid(x), 1 / (1 + std::exp(-Real(x)))), 4) << x;
      ASSERT_LT(UlpsApart(Softplus(x), std::log1p(std::exp(Real(x)))), 6) << x;
    });
  }
}

TEST(DeviceMath, Log1mExpKeepsRelativeAccuracy) {
  for (const double range : {60.0, 1.0, 1e-9}) {
    ForUniform(-range, 0, [](double x) {
      if (x == 0) return;
      const Real expected =
          x > -0.5 ? std::log(-std::expm1(Real(x))) : std::log1p(-std::exp(Real(x)));
      ASSERT_NEAR(Log1mExp(x), double(expected), 1e-14 * std::abs(double(expected))) << x;
    });
  }
}

TEST(DeviceMath, ExtremesAreTheLimits) {
  EXPECT_EQ(Exp(0.0), 1);
  EXPECT_EQ(Exp(1000.0), kInf);
  EXPECT_EQ(Exp(-1000.0), 0);
  EXPECT_EQ(Exp(-kInf), 0);
  EXPECT_GT(Exp(-740.0), 0);
  EXPECT_EQ(Log(1.0), 0);
  EXPECT_EQ(Log(0.0), -kInf);
  EXPECT_EQ(Log(kInf), kInf);
  EXPECT_TRUE(std::isnan(Log(-1.0)));
  EXPECT_TRUE(std::isnan(Log(-kInf)));
  EXPECT_TRUE(std::isnan(Exp(std::nan(""))));
  EXPECT_LT(UlpsApart(Log(5e-324), std::log(Real(5e-324))), 1);
  EXPECT_EQ(Sigmoid(1000.0), 1);
  EXPECT_EQ(Sigmoid(-1000.0), 0);
  EXPECT_EQ(Sigmoid(0.0), 0.5);
  EXPECT_EQ(Softplus(1000.0), 1000);
  EXPECT_EQ(Softplus(-1000.0), 0);
  EXPECT_DOUBLE_EQ(Softplus(0.0), std::log(2.0));
  EXPECT_EQ(Softplus(1000.0f), 1000.0f);
  EXPECT_EQ(Sigmoid(-1000.0f), 0.0f);
}

TEST(DeviceMath, FloatRoundsTheDoubleOnce) {
  ForUniform(-80, 80, [](double x) {
    const auto f = static_cast<float>(x);
    ASSERT_EQ(Exp(f), static_cast<float>(Exp(double(f))));
  });
}

// The bits themselves, so that no compiler flag or edit changes results unseen.
TEST(DeviceMath, BitsNeverChange) {
  EXPECT_EQ(Exp(1.0), 0x1.5bf0a8b14576ap+1);
  EXPECT_EQ(Log(10.0), 0x1.26bb1bbb55516p+1);
  EXPECT_EQ(Exp(-2.5f), 0x1.50385cp-4f);
}

}  // namespace
}  // namespace chorus
