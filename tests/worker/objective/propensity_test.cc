// Inverse propensities: stop-gradients by default, flat beyond their floors.

#include <cmath>

#include "tests/worker/objective/objective_testing.h"

namespace chorus::worker::testing {
namespace {

class Propensity : public ::testing::TestWithParam<std::string> {};

// Only the weighted terms: whatever reaches the CTR logit came through w or v.
TEST_P(Propensity, IsAStopGradientUnlessDetachIsFalse) {
  for (const bool detach : {true, false}) {
    const auto objective = MakeMethod({GetParam() + (detach ? "}" : " detach: false}")});
    const LabelledLogits labelled = RandomLogits(*objective, 30, 3);
    const Outcome outcome = EvaluateLogits(*objective, labelled);
    bool reached = false;
    for (int64_t i = 0; i < labelled.rows(); ++i) {
      reached = reached || outcome.gradients[i * labelled.heads] != 0;
    }
    EXPECT_EQ(reached, !detach);
  }
}

INSTANTIATE_TEST_SUITE_P(Methods, Propensity,
                         ::testing::Values("chorus_cvr={w_ctr: 0 w_ctcvr: 0 w_ctuncvr: 0",
                                           "escm2_ipw={w_ctr: 0 w_ctcvr: 0", "multi_ipw={w_ctr: 0",
                                           "escm2_dr={w_ctr: 0 w_ctcvr: 0",
                                           "escm2_dr={w_ctr: 0 w_ctcvr: 0 training: JOINT",
                                           "escm2_dr={w_ctr: 0 w_ctcvr: 0 training: PSEUDO",
                                           "multi_dr={w_ctr: 0", "dcmt={w_ctr: 0 w_ctcvr: 0",
                                           "dcmt={w_ctr: 0 w_ctcvr: 0 snips: true",
                                           "ddpo={w_ctr: 0 w_ctcvr: 0"));

// The systems without an option `detach` never send a gradient there.
TEST(PropensityOf, UnbiasIsFrozenAndNisesRatioIsAConstant) {
  const auto unbias = MakeMethod({"unbias={}"});
  const Outcome second = EvaluateLogits(*unbias, RandomLogits(*unbias, 30, 3), 1);
  const auto nise = MakeMethod({"nise={w_ctr: 0}"});
  const Outcome weighed = EvaluateLogits(*nise, RandomLogits(*nise, 30, 3));
  for (size_t i = 0; i < second.gradients.size(); i += 2) {
    EXPECT_EQ(second.gradients[i], 0);
    EXPECT_EQ(weighed.gradients[i], 0);
  }
}

TEST(PropensityOf, ChorusCvrIsFlatBelowItsFloor) {
  const auto objective = MakeMethod(
      {"chorus_cvr={w_ctr: 0 w_ctcvr: 0 w_ctuncvr: 0 detach: false eps: 0.1 eps_un: 0.2}"});
  LabelledLogits labelled;
  labelled.heads = 3;
  labelled.click = {1, 0};
  labelled.conversion = {0, 0};
  labelled.logits = {-3, 0, 0, 2, 0, 0};  // 1 / p = 21.1 > 10,  1 / (1 - p) = 8.4 > 5
  const Outcome outcome = EvaluateLogits(*objective, labelled);
  EXPECT_EQ(outcome.gradients[0], 0);
  EXPECT_EQ(outcome.gradients[3], 0);
  EXPECT_NEAR(outcome.sums[2], 10 * std::log(2.0), 1e-14);
  EXPECT_NEAR(outcome.sums[7], 5 * std::log(2.0), 1e-14);
}

}  // namespace
}  // namespace chorus::worker::testing
