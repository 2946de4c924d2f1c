#include "launch/plan/key_sketch.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace chorus::launch {
namespace {

// The two series of the estimator; each ends when it no longer changes.
double Sigma(double x) {
  if (x == 1) return std::numeric_limits<double>::infinity();
  double y = 1, z = x, before = 0;
  do {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  } while (z != before);
  return z;
}

double Tau(double x) {
  if (x == 0 || x == 1) return 0;
  double y = 1, z = 1 - x, before = 0;
  do {
    x = std::sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) * (1 - x) * y;
  } while (z != before);
  return z / 3;
}

}  // namespace

void KeySketch::Merge(const KeySketch& other) {
  for (int i = 0; i < kRegisters; ++i) ranks_[i] = std::max(ranks_[i], other.ranks_[i]);
}

double KeySketch::Estimate() const {
  std::vector<double> registers(kMostRank + 1, 0.0);  // by rank
  for (const uint8_t rank : ranks_) ++registers[rank];
  const double m = kRegisters;
  double z = m * Tau(1 - registers[kMostRank] / m);
  for (int rank = kMostRank - 1; rank >= 1; --rank) z = 0.5 * (z + registers[rank]);
  z += m * Sigma(registers[0] / m);
  return m * m / (2 * std::log(2.0) * z);
}

}  // namespace chorus::launch
