// The systems of the ESMM paper's table 2 on rows worked out by hand.

#include "tests/worker/objective/hand_rows.h"

namespace chorus::worker::testing {
namespace {

TEST(HandRows, Base) {
  const auto base = MakeMethod({"base={w_cvr: 3}"});
  const Outcome outcome = EvaluateLogits(*base, ThreeRows(*base));
  ExpectNear(outcome.sums, {3 * kLn2, 2 * kLn2});
  EXPECT_NEAR(outcome.total, kLn2 + 3 * kLn2, 1e-15);
  ExpectNear(outcome.gradients, {0.5 / 3, 0, -0.5 / 3, 3 * 0.5 / 2, -0.5 / 3, -3 * 0.5 / 2});
}

TEST(HandRows, TwoTaskIsBaseAsALoss) {
  const auto base = MakeMethod({"base={w_cvr: 3}"});
  const auto two_task = MakeMethod({"two_task={w_cvr: 3}"});
  const Outcome expected = EvaluateLogits(*base, ThreeRows(*base));
  const Outcome outcome = EvaluateLogits(*two_task, ThreeRows(*two_task));
  EXPECT_EQ(outcome.sums, expected.sums);
  EXPECT_EQ(outcome.gradients, expected.gradients);
}

TEST(HandRows, AmanTakesTheSampleAsNegatives) {
  const auto all = MakeMethod({"aman={rho: 1 w_cvr: 2}"});
  const Outcome whole = EvaluateLogits(*all, ThreeRows(*all));
  ExpectNear(whole.sums, {3 * kLn2, 3 * kLn2});
  ExpectNear(whole.gradients, {0.5 / 3, 1.0 / 3, -0.5 / 3, 1.0 / 3, -0.5 / 3, -1.0 / 3});

  const auto none = MakeMethod({"aman={rho: 0}"});
  const Outcome clicked = EvaluateLogits(*none, ThreeRows(*none));
  ExpectNear(DenominatorsOf(*none, ThreeRows(*none)), {3, 2});
  ExpectNear(clicked.sums, {3 * kLn2, 2 * kLn2});
  ExpectNear(clicked.gradients, {0.5 / 3, 0, -0.5 / 3, 0.5 / 2, -0.5 / 3, -0.5 / 2});
}

TEST(HandRows, OversamplingCopiesConversions) {
  const auto objective = MakeMethod({"oversampling={copies: 3}"});
  const Outcome outcome = EvaluateLogits(*objective, ThreeRows(*objective));
  ExpectNear(DenominatorsOf(*objective, ThreeRows(*objective)), {3, 4});
  ExpectNear(outcome.sums, {3 * kLn2, 4 * kLn2});
  ExpectNear(outcome.gradients, {0.5 / 3, 0, -0.5 / 3, 0.5 / 4, -0.5 / 3, -3 * 0.5 / 4});
}

TEST(HandRows, OversamplingOfOneCopyIsBase) {
  const auto base = MakeMethod({"base={}"});
  const auto objective = MakeMethod({"oversampling={copies: 1}"});
  const LabelledLogits labelled = RandomLogits(*base, 30, 5);
  EXPECT_EQ(EvaluateLogits(*objective, labelled).gradients,
            EvaluateLogits(*base, labelled).gradients);
}

TEST(HandRows, UnbiasWeighsByTheCtrThatItsFirstStageTrained) {
  const auto objective = MakeMethod({"unbias={}"});
  LabelledLogits labelled = ThreeRows(*objective);
  const Outcome first = EvaluateLogits(*objective, labelled, 0);
  ExpectNear(first.sums, {3 * kLn2, 0});
  ExpectNear(first.gradients, {0.5 / 3, 0, -0.5 / 3, 0, -0.5 / 3, 0});

  labelled.logits[2] = -kLn3;  // the click: pCTR = 1/4, w = 4; the conversion has w = 2
  const Outcome second = EvaluateLogits(*objective, labelled, 1);
  ExpectNear(DenominatorsOf(*objective, labelled, 1), {0, 6});
  ExpectNear(second.sums, {0, 6 * kLn2});
  ExpectNear(second.gradients, {0, 0, 0, 4 * 0.5 / 6, 0, -2 * 0.5 / 6});

  const auto floored = MakeMethod({"unbias={eps: 0.5}"});
  ExpectNear(DenominatorsOf(*floored, labelled, 1), {0, 4});
}

TEST(HandRows, UnbiasSamplesWithTheProbabilityOfItsWeight) {
  const auto objective = MakeMethod({"unbias={eps: 0.5 sample: true}"});
  LabelledLogits labelled = ThreeRows(*objective);  // eps / pCTR = 1: all clicks are kept
  ExpectNear(DenominatorsOf(*objective, labelled, 1), {0, 2});
  ExpectNear(EvaluateLogits(*objective, labelled, 1).gradients, {0, 0, 0, 0.5 / 2, 0, -0.5 / 2});
}

TEST(HandRows, Division) {
  const auto objective = MakeMethod({"division={w_ctcvr: 2}"});
  const Outcome outcome = EvaluateLogits(*objective, ThreeRows(*objective));
  ExpectNear(outcome.sums, {3 * kLn2, 3 * kLn2});
  ExpectNear(outcome.gradients, {0.5 / 3, 1.0 / 3, -0.5 / 3, 1.0 / 3, -0.5 / 3, -1.0 / 3});
}

TEST(HandRows, Esmm) {
  const auto esmm = MakeMethod({"esmm={w_ctcvr: 2}"});
  const Outcome outcome = EvaluateLogits(*esmm, ThreeRows(*esmm));
  ExpectNear(outcome.sums, {3 * kLn2, 2 * kLn4Thirds + 2 * kLn2});
  // d CEP(y=0) = p (1 - p_other) / (1 - p) = 1/4 * 2/3 = 1/6; d CEP(y=1) = -1/2.
  ExpectNear(outcome.gradients, {(0.5 + 2 / 6.0) / 3, 2 / 6.0 / 3, (-0.5 + 2 / 6.0) / 3,
                                 2 / 6.0 / 3, (-0.5 - 2 / 2.0) / 3, -2 / 2.0 / 3});
}

TEST(HandRows, EsmmNsIsEsmmAsALoss) {
  const auto esmm = MakeMethod({"esmm={}"});
  const auto apart = MakeMethod({"esmm_ns={}"});
  const LabelledLogits labelled = RandomLogits(*esmm, 30, 5);
  EXPECT_EQ(EvaluateLogits(*apart, labelled).gradients, EvaluateLogits(*esmm, labelled).gradients);
}

}  // namespace
}  // namespace chorus::worker::testing
