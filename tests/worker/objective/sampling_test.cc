// Samples are functions of (seed, row), with the rates that the methods name.

#include <algorithm>

#include "tests/worker/objective/hand_rows.h"

namespace chorus::worker::testing {
namespace {

// `rows` copies of one row with row numbers from `first` on; head h has the logit (h + 1) * logit.
LabelledLogits Repeated(const Objective& objective, bool click, int64_t rows, uint64_t first,
                        double logit) {
  LabelledLogits labelled;
  labelled.heads = static_cast<int64_t>(objective.heads().size());
  labelled.click.assign(static_cast<size_t>(rows), click);
  labelled.conversion.assign(static_cast<size_t>(rows), 0);
  for (int64_t i = 0; i < rows; ++i) {
    labelled.row_id.push_back(first + static_cast<uint64_t>(i));
    for (int64_t h = 1; h <= labelled.heads; ++h) {
      labelled.logits.push_back(logit * static_cast<double>(h));
    }
  }
  return labelled;
}

// Which rows have a gradient of the CVR head.
std::vector<bool> SampleOf(const Objective& objective, const LabelledLogits& labelled,
                           uint32_t stage) {
  const Outcome outcome = EvaluateLogits(objective, labelled, stage);
  std::vector<bool> sample;
  for (int64_t i = 0; i < labelled.rows(); ++i) {
    sample.push_back(outcome.gradients[i * labelled.heads + 1] != 0);
  }
  return sample;
}

struct Sampler {
  const char* method;
  uint32_t stage;
  bool click;    // of the rows that it samples
  double logit;  // of the first head
  double rate;
};

class Sampling : public ::testing::TestWithParam<Sampler> {
 protected:
  std::vector<bool> Draw(uint64_t seed, int64_t rows, uint64_t first) {
    const auto objective = MakeMethod({GetParam().method}, seed);
    return SampleOf(*objective,
                    Repeated(*objective, GetParam().click, rows, first, GetParam().logit),
                    GetParam().stage);
  }
};

TEST_P(Sampling, HasTheRateThatTheMethodNames) {
  constexpr int64_t kRows = 20000;
  const std::vector<bool> sample = Draw(5, kRows, 0);
  const auto kept = static_cast<double>(std::count(sample.begin(), sample.end(), true));
  const double p = GetParam().rate;
  EXPECT_NEAR(kept / kRows, p, 4 * std::sqrt(p * (1 - p) / kRows));
}

TEST_P(Sampling, IsAFunctionOfSeedAndRow) {
  const std::vector<bool> all = Draw(5, 300, 1000);
  const std::vector<bool> part = Draw(5, 100, 1200);
  EXPECT_EQ(std::vector<bool>(all.begin() + 200, all.end()), part);
  EXPECT_NE(Draw(6, 300, 1000), all);
}

// UNBIAS: pCTR = 1 / (1 + e^-1) = 0.731 and eps / pCTR = 0.342.
INSTANTIATE_TEST_SUITE_P(Methods, Sampling,
                         ::testing::Values(Sampler{"aman={rho: 0.3}", 0, false, 1, 0.3},
                                           Sampler{"aman={}", 0, false, 1, 0.1},
                                           Sampler{"unbias={eps: 0.25 sample: true}", 1, true, 1,
                                                   0.25 * (1 + 0.36787944117144233)},
                                           Sampler{"ukd={unclicked_rate: 0.3}", 1, false, 1, 0.3}),
                         [](const auto& test) { return "Sampler" + std::to_string(test.index); });

TEST(SampleWeights, AmanCountsTheRowsOfItsSample) {
  const auto objective = MakeMethod({"aman={rho: 0.3}"}, 5);
  const LabelledLogits unclicked = Repeated(*objective, false, 1000, 0, 1);
  const std::vector<bool> sample = SampleOf(*objective, unclicked, 0);
  const SpaceWeights sums = objective->SumSpaces(unclicked.labels());
  EXPECT_EQ(sums.sum[static_cast<int>(Space::kSample)],
            static_cast<double>(std::count(sample.begin(), sample.end(), true)));
  const LabelledLogits clicked = Repeated(*objective, true, 10, 0, 1);
  EXPECT_EQ(objective->SumSpaces(clicked.labels()).sum[static_cast<int>(Space::kSample)], 10);
}

TEST(SampleWeights, UkdWeighsWhatItKeepsByTheInverseRate) {
  const auto whole = MakeMethod({"ukd={}"});
  const auto part = MakeMethod({"ukd={unclicked_rate: 0.25}"});
  for (size_t k = 0; k < whole->terms().size(); ++k) {
    EXPECT_EQ(part->terms()[k].weight, whole->terms()[k].weight * (k < 5 ? 1 : 4));
  }
}

}  // namespace
}  // namespace chorus::worker::testing
