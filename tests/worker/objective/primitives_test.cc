// The primitives against the same formulas in long double, relative accuracy for logits within
// +-60.

#include <gtest/gtest.h>

#include <cmath>

#include "worker/objective/primitives.h"

namespace chorus::worker {
namespace {

using Long = long double;

Long Sp(Long x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }
Long Sigma(Long x) { return x > 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)); }

void ExpectClose(double actual, Long expected, double tolerance) {
  EXPECT_NEAR(actual, double(expected), tolerance * std::abs(double(expected)));
}

class Primitives : public ::testing::TestWithParam<double> {};

TEST_P(Primitives, CrossEntropyKeepsRelativeAccuracy) {
  const double z = GetParam();
  ExpectClose(CrossEntropy(z, true), Sp(-Long(z)), 1e-14);
  ExpectClose(CrossEntropy(z, false), Sp(z), 1e-14);
  ExpectClose(CrossEntropySlope(z, true), -Sigma(-Long(z)), 1e-14);
  ExpectClose(CrossEntropySlope(z, false), Sigma(z), 1e-14);
}

TEST_P(Primitives, ProductCrossEntropyKeepsRelativeAccuracy) {
  for (double b = -60; b <= 60; b += 7.5) {
    const Long a = GetParam();
    // 1 - p = (e^-a + e^-b + e^-a-b) / ((1 + e^-a)(1 + e^-b)), every part positive.
    const Long ea = std::exp(-a), eb = std::exp(-Long(b));
    const Long rest = ea + eb + ea * eb;
    const Long complement = rest / ((1 + ea) * (1 + eb));
    const ProductLoss<double> zero = ProductCrossEntropy(GetParam(), b, false);
    const Long value =
        complement < 0.5L ? -std::log(complement) : -std::log1p(-1 / ((1 + ea) * (1 + eb)));
    ExpectClose(zero.value, value, 1e-14);
    ExpectClose(zero.da, ea / (1 + ea) / rest, 2e-14);
    ExpectClose(zero.db, eb / (1 + eb) / rest, 2e-14);
    const ProductLoss<double> one = ProductCrossEntropy(GetParam(), b, true);
    ExpectClose(one.value, Sp(-a) + Sp(-Long(b)), 1e-14);
    ExpectClose(one.da, -Sigma(-a), 1e-14);
    ExpectClose(one.db, -Sigma(-Long(b)), 1e-14);
  }
}

TEST_P(Primitives, ProductCrossEntropyInFloatLosesNoDigits) {
  for (float b = -60; b <= 60; b += 7.5f) {
    const auto a = static_cast<float>(GetParam());
    const ProductLoss<double> exact = ProductCrossEntropy(double(a), double(b), false);
    const ProductLoss<float> rounded = ProductCrossEntropy(a, b, false);
    // sp(b) - a in float moves a probability by |a| ulp; below 1e-37 float has fewer digits.
    EXPECT_NEAR(rounded.value, exact.value, 2e-5 * exact.value + 1e-37);
    EXPECT_NEAR(rounded.da, exact.da, 2e-5 * exact.da + 1e-37);
    EXPECT_NEAR(rounded.db, exact.db, 2e-5 * exact.db + 1e-37);
  }
}

TEST_P(Primitives, SoftCrossEntropyIsThatOfASoftLabel) {
  for (double label = -60; label <= 60; label += 7.5) {
    const Long z = GetParam();
    ExpectClose(SoftCrossEntropy(GetParam(), label),
                Sigma(label) * Sp(-z) + Sigma(-Long(label)) * Sp(z), 1e-14);
    EXPECT_NEAR(SoftCrossEntropySlope(GetParam(), label), double(Sigma(z) - Sigma(label)), 1e-15);
  }
}

// sigma(z) - sigma(q) without cancellation.
Long SigmaDifference(Long z, Long q) { return Sigma(z) * Sigma(-q) * -std::expm1(q - z); }

// A label near the prediction is what training tends to.
TEST_P(Primitives, SoftCrossEntropySlopeInFloatLosesNoDigits) {
  const auto z = static_cast<float>(GetParam());
  for (const float step : {-20.0f, -1.0f, -0.1f, -1e-2f, -1e-4f, 1e-4f, 1e-2f, 0.1f, 1.0f, 20.0f}) {
    const float label = z + step;
    const auto exact = double(SigmaDifference(Long(z), Long(label)));
    EXPECT_NEAR(SoftCrossEntropySlope(z, label), exact, 1e-6 * std::abs(exact))
        << "label " << label;
  }
  EXPECT_EQ(SoftCrossEntropySlope(z, z), 0);
}

TEST(SoftCrossEntropy, SlopeOfARareEventInFloatLosesNoDigits) {
  const float z = -9.2103f, label = -9.2100f;  // p = 1e-4
  const auto exact = double(SigmaDifference(Long(z), Long(label)));
  EXPECT_NEAR(SoftCrossEntropySlope(z, label), exact, 1e-6 * std::abs(exact));
}

TEST_P(Primitives, BernoulliEntropyKeepsRelativeAccuracyOnBothSides) {
  const Long z = std::abs(Long(GetParam()));
  ExpectClose(BernoulliEntropy(GetParam()), Sp(-z) + Sigma(-z) * z, 1e-14);
  ExpectClose(BernoulliEntropySlope(GetParam()), -Long(GetParam()) * Sigma(z) * Sigma(-z), 1e-14);
}

// e^-|z| / (1 + e^-|z|)^2 (1 - e^-(z - q)) ... written with the smaller of both tails.
TEST_P(Primitives, SigmoidDifferenceKeepsRelativeAccuracyAndSign) {
  for (const double step : {-60.0, -5.0, -0.1, -1e-9, 0.0, 1e-9, 0.1, 5.0, 60.0}) {
    const double z = GetParam(), q = z + step;
    ExpectClose(SigmoidDifference(z, q), SigmaDifference(z, q), 1e-14);
    EXPECT_EQ(SigmoidDifference(z, q) > 0, z > q);
    EXPECT_EQ(SigmoidDifference(z, q) < 0, z < q);
  }
}

// p log(p / q) + (1 - p) log((1 - p) / (1 - q)); of small p by log1p, so that the oracle cancels
// little.
Long Divergence(Long z, Long q) {
  if (z > 0) return Divergence(-z, -q);
  return std::log1p(Sigma(z) * std::expm1(q - z)) - Sigma(z) * (q - z);
}

TEST_P(Primitives, KullbackLeiblerKeepsItsDigits) {
  for (const double step : {-30.0, -5.0, -1.0, -0.9, -0.1, -1e-3, 1e-3, 0.1, 0.9, 1.0, 5.0, 30.0}) {
    const double z = GetParam(), q = z + step;
    const Long expected = Divergence(z, q);
    ExpectClose(KullbackLeibler(z, q), expected, 1e-14 + 1e-15 / std::abs(step));
    EXPECT_NEAR(KullbackLeibler(float(z), float(q)), double(Divergence(float(z), float(q))),
                1e-6 * double(expected) + 1e-37);
    ExpectClose(KullbackLeiblerSlope(z, q), Sigma(z) * Sigma(-Long(z)) * (Long(z) - Long(q)),
                1e-14);
  }
  EXPECT_EQ(KullbackLeibler(GetParam(), GetParam()), 0);
}

INSTANTIATE_TEST_SUITE_P(Logits, Primitives,
                         ::testing::Values(-60, -37.5, -20, -5.25, -1, -0.1, -1e-9, 0, 1e-9, 0.1, 1,
                                           5.25, 20, 37.5, 60));

TEST(InversePropensity, IsClippedAtItsFloor) {
  EXPECT_DOUBLE_EQ(InversePropensity(0.0, 0, 0.01, true).value, 2.0);
  EXPECT_DOUBLE_EQ(InversePropensity(-100.0, 0, 0.01, true).value, 100.0);
  EXPECT_DOUBLE_EQ(InversePropensity(-1e4, 0, 0.01, false).value, 100.0);
  EXPECT_EQ(InversePropensity(-100.0, 0, 0.01, false).slope, 0.0);
  EXPECT_DOUBLE_EQ(InversePropensity(0.0, 0, 0.01, false).slope, -1.0);
  EXPECT_EQ(InversePropensity(0.0, 0, 0.01, true).slope, 0.0);
  EXPECT_DOUBLE_EQ(InverseComplement(1.0, 0, 0.01, true).value, 1 + std::exp(1.0));
  EXPECT_DOUBLE_EQ(InverseComplement(1.0, 0, 0.01, false).slope, std::exp(1.0));
  EXPECT_DOUBLE_EQ(InverseComplement(100.0f, 0, 0.02, true).value, 50.0f);
}

}  // namespace
}  // namespace chorus::worker
