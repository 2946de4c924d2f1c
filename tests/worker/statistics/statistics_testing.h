#pragma once
// Slow clear forms and seeded draws for the tests of worker/statistics.

#include <cstdint>
#include <vector>

#include "common/random.h"

namespace chorus::worker::testing {

inline double TestNormal(uint64_t seed, uint64_t i, uint64_t j) {
  return ToNormal(Random(seed, RandomPurpose::kTest, i, j));
}
inline double TestUniform(uint64_t seed, uint64_t i, uint64_t j) {
  return ToOpenUniform(Random(seed, RandomPurpose::kTest, i, j));
}

// [a > b] + [a = b] / 2.
inline double Psi(double a, double b) { return a > b ? 1.0 : a == b ? 0.5 : 0.0; }

// The AUC over all pairs of rows.
inline double AucByPairs(const std::vector<double>& score, const std::vector<double>& label,
                         const std::vector<double>& weight) {
  double wins = 0, pairs = 0;
  for (size_t i = 0; i < score.size(); ++i) {
    for (size_t j = 0; j < score.size(); ++j) {
      const double pair = weight[i] * label[i] * weight[j] * (1 - label[j]);
      pairs += pair;
      wins += pair * Psi(score[i], score[j]);
    }
  }
  return wins / pairs;
}

}  // namespace chorus::worker::testing
