#pragma once
// Pairwise coverage: few cases in which every two levels of every two factors meet at least once.
// Thread safety: pure functions.

#include <cstdint>
#include <set>
#include <tuple>
#include <vector>

#include "common/random.h"

namespace chorus::e2e {

// Factor i has the levels 0 .. levels[i] - 1; a case has one level of each.
using Case = std::vector<uint32_t>;
// Factor, level, later factor, level.
using LevelPair = std::tuple<uint32_t, uint32_t, uint32_t, uint32_t>;

inline std::set<LevelPair> PairsOf(const Case& levels) {
  std::set<LevelPair> pairs;
  for (uint32_t a = 0; a < levels.size(); ++a) {
    for (uint32_t b = a + 1; b < levels.size(); ++b) pairs.emplace(a, levels[a], b, levels[b]);
  }
  return pairs;
}

inline std::set<LevelPair> AllPairs(const std::vector<uint32_t>& levels) {
  std::set<LevelPair> pairs;
  for (uint32_t a = 0; a < levels.size(); ++a) {
    for (uint32_t b = a + 1; b < levels.size(); ++b) {
      for (uint32_t i = 0; i < levels[a]; ++i) {
        for (uint32_t j = 0; j < levels[b]; ++j) pairs.emplace(a, i, b, j);
      }
    }
  }
  return pairs;
}

// Greedy: each case is the best of some drawn ones that hold the first pair still missing.
inline std::vector<Case> PairwiseCases(const std::vector<uint32_t>& levels) {
  constexpr uint32_t kDraws = 60;
  std::vector<Case> cases;
  std::set<LevelPair> missing = AllPairs(levels);
  while (!missing.empty()) {
    const auto [factor_a, level_a, factor_b, level_b] = *missing.begin();
    Case best;
    size_t best_gain = 0;
    for (uint32_t draw = 0; draw < kDraws; ++draw) {
      Case drawn;
      for (uint32_t f = 0; f < levels.size(); ++f) {
        drawn.push_back(ToBelow(Random(1, RandomPurpose::kTest, cases.size(), draw, f), levels[f]));
      }
      drawn[factor_a] = level_a;
      drawn[factor_b] = level_b;
      size_t gain = 0;
      for (const LevelPair& pair : PairsOf(drawn)) gain += missing.contains(pair);
      if (gain > best_gain) {
        best_gain = gain;
        best = drawn;
      }
    }
    for (const LevelPair& pair : PairsOf(best)) missing.erase(pair);
    cases.push_back(best);
  }
  return cases;
}

}  // namespace chorus::e2e
