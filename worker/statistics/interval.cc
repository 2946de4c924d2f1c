#include "worker/statistics/interval.h"

#include <algorithm>
#include <cmath>

#include "common/check.h"
#include "common/device_math.h"

namespace chorus::worker {
namespace {

constexpr double kNormal975 = 1.959963984540054;
constexpr double kPi = 3.14159265358979323846;
// From here on the expansion of ExpandedQuantile is right to 1e-9.
constexpr double kExpandedFrom = 100;

// Gamma(x + 1/2) / Gamma(x): the recurrence up to 32, and the asymptotic series there.
double GammaRatio(double x) {
  double factor = 1;
  for (; x < 32; x += 1) factor *= x / (x + 0.5);
  const double y = 1 / x;
  const double series =
      1 + y * (-1.0 / 8 +
               y * (1.0 / 128 + y * (5.0 / 1024 + y * (-21.0 / 32768 + y * (-399.0 / 262144)))));
  return factor * std::sqrt(x) * series;
}

// The continued fraction of the incomplete beta function (DLMF 8.17.22), by Lentz's method. It
// converges fast for x < (a + 1) / (a + b + 2).
double BetaFraction(double a, double b, double x) {
  double d = 1 / (1 - (a + b) * x / (a + 1));
  double c = 1, value = d;
  for (int m = 1; m <= 500; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / (1 + even * d);
    c = 1 + even / c;
    value *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / (1 + odd * d);
    c = 1 + odd / c;
    value *= d * c;
    if (std::abs(d * c - 1) < 1e-16) break;
  }
  return value;
}

// P(|T| > t) of Student's t with v degrees of freedom, as the regularised incomplete beta function
// I_x(v/2, 1/2) at x = v / (v + t^2), and the density at t.
struct Student {
  double outside;
  double density;
};
Student StudentAt(double t, double v) {
  const double x = v / (v + t * t), ratio = GammaRatio(v / 2);
  const double power = Exp(v / 2 * Log(x));  // x^(v/2)
  const double outside = power * std::sqrt((1 - x) / kPi) * ratio / (v / 2);
  return {outside * BetaFraction(v / 2, 0.5, x), ratio * power * std::sqrt(x / (v * kPi))};
}

// Fisher and Cornish's expansion around the normal quantile (Abramowitz & Stegun 26.7.5).
double ExpandedQuantile(double v) {
  const double z = kNormal975, z2 = z * z;
  const double g1 = z * (z2 + 1) / 4;
  const double g2 = z * ((5 * z2 + 16) * z2 + 3) / 96;
  const double g3 = z * (((3 * z2 + 19) * z2 + 17) * z2 - 15) / 384;
  const double g4 = z * ((((79 * z2 + 776) * z2 + 1482) * z2 - 1920) * z2 - 945) / 92160;
  return z + (g1 + (g2 + (g3 + g4 / v) / v) / v) / v;
}

}  // namespace

double StudentQuantile975(double degrees_of_freedom) {
  CHECK(degrees_of_freedom >= 1, "degrees_of_freedom=", degrees_of_freedom);
  if (degrees_of_freedom >= kExpandedFrom) return ExpandedQuantile(degrees_of_freedom);
  // Newton's method from below: the probability outside is convex in t and the normal quantile is
  // too small, so that every step stays below the root.
  double t = kNormal975;
  for (int round = 0; round < 50; ++round) {
    const Student student = StudentAt(t, degrees_of_freedom);
    const double step = (student.outside - 0.05) / (2 * student.density);
    t += step;
    if (step < 1e-14 * t) break;
  }
  return t;
}

Interval StudentInterval95(double mean, double standard_error, double degrees_of_freedom) {
  const double half = StudentQuantile975(degrees_of_freedom) * standard_error;
  return {mean - half, mean + half};
}

Interval WilsonInterval95(double successes, double trials) {
  if (!(trials > 0)) return {0, 1};
  const double z2 = kNormal975 * kNormal975;
  const double rate = successes / trials;
  const double center = (rate + z2 / (2 * trials)) / (1 + z2 / trials);
  const double spread = std::sqrt(rate * (1 - rate) / trials + z2 / (4 * trials * trials));
  const double half = kNormal975 * spread / (1 + z2 / trials);
  return {std::max(0.0, center - half), std::min(1.0, center + half)};
}

}  // namespace chorus::worker
