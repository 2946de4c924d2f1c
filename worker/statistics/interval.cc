#include "worker/statistics/interval.h"

#include <algorithm>
#include <cmath>

#include "common/check.h"

namespace chorus::worker {
namespace {

constexpr double kNormal975 = 1.959963984540054;
constexpr double kStudent975[] = {12.7062047364, 4.3026527297, 3.1824463053, 2.7764451052,
                                  2.5705818356,  2.4469118511, 2.3646242516, 2.3060041352,
                                  2.2621571629,  2.2281388520};
constexpr int kStudentRows = 10;

}  // namespace

double StudentQuantile975(double degrees_of_freedom) {
  CHECK(degrees_of_freedom >= 1, "degrees_of_freedom=", degrees_of_freedom);
  if (std::isinf(degrees_of_freedom)) return kNormal975;
  const double v = std::floor(degrees_of_freedom);
  if (v <= kStudentRows) return kStudent975[static_cast<int>(v) - 1];
  const double z = kNormal975, z2 = z * z;
  const double g1 = z * (z2 + 1) / 4;
  const double g2 = z * ((5 * z2 + 16) * z2 + 3) / 96;
  const double g3 = z * (((3 * z2 + 19) * z2 + 17) * z2 - 15) / 384;
  const double g4 = z * ((((79 * z2 + 776) * z2 + 1482) * z2 - 1920) * z2 - 945) / 92160;
  return z + (g1 + (g2 + (g3 + g4 / v) / v) / v) / v;
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
