#pragma once
// Rows worked out by hand: with a logit 0 a probability is 1/2, with ln 3 it is 3/4.

#include <cmath>

#include "tests/worker/objective/objective_testing.h"

namespace chorus::worker::testing {

const double kLn2 = std::log(2.0);
const double kLn3 = std::log(3.0);
const double kLn4 = std::log(4.0);
const double kLn4Thirds = std::log(4.0 / 3.0);  // -log(1 - 1/4)

// One un-clicked row, one click, one conversion, every row with the same logits.
inline LabelledLogits ThreeRows(const std::vector<double>& logits) {
  LabelledLogits labelled;
  labelled.heads = static_cast<int64_t>(logits.size());
  labelled.click = {0, 1, 1};
  labelled.conversion = {0, 0, 1};
  for (int row = 0; row < 3; ++row) {
    labelled.logits.insert(labelled.logits.end(), logits.begin(), logits.end());
  }
  return labelled;
}
// The same with all logits 0.
inline LabelledLogits ThreeRows(const Objective& objective) {
  return ThreeRows(std::vector<double>(objective.heads().size(), 0.0));
}

inline void ExpectNear(const std::vector<double>& actual, const std::vector<double>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) EXPECT_NEAR(actual[i], expected[i], 2e-15) << i;
}
inline std::vector<double> DenominatorsOf(const Objective& objective,
                                          const LabelledLogits& labelled, uint32_t stage = 0) {
  std::vector<double> out;
  for (const Normalizer& normalizer : NormalizersOfLogits(objective, labelled, stage)) {
    out.push_back(normalizer.denominator);
  }
  return out;
}

}  // namespace chorus::worker::testing
