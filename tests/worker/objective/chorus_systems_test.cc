// The systems of the ChorusCVR paper's table 1 on rows worked out by hand.

#include "tests/worker/objective/hand_rows.h"

namespace chorus::worker::testing {
namespace {

TEST(HandRows, Escm2Ipw) {
  const auto objective = MakeMethod({"escm2_ipw={}"});
  const Outcome outcome = EvaluateLogits(*objective, ThreeRows(*objective));
  ExpectNear(DenominatorsOf(*objective, ThreeRows(*objective)), {3, 3, 3});
  ExpectNear(outcome.sums, {3 * kLn2, 2 * kLn4Thirds + 2 * kLn2, 4 * kLn2});
  ExpectNear(outcome.gradients,
             {(0.5 + 1 / 6.0) / 3, 1 / 6.0 / 3, (-0.5 + 1 / 6.0) / 3, (1 / 6.0 + 0.1 * 2 * 0.5) / 3,
              (-0.5 - 0.5) / 3, (-0.5 - 0.1 * 2 * 0.5) / 3});
}

TEST(HandRows, MultiIpwHasNoCtcvr) {
  const auto objective = MakeMethod({"multi_ipw={norm: SPACE}"});
  const Outcome outcome = EvaluateLogits(*objective, ThreeRows(*objective));
  ExpectNear(outcome.sums, {3 * kLn2, 4 * kLn2});
  ExpectNear(outcome.gradients, {0.5 / 3, 0, -0.5 / 3, 2 * 0.5 / 2, -0.5 / 3, -2 * 0.5 / 2});
}

TEST(HandRows, MultiDrAlternate) {
  const auto objective = MakeMethod({"multi_dr={w_imputation: 5}"});
  const Outcome outcome = EvaluateLogits(*objective, ThreeRows(*objective));
  const double e = kLn2 - 0.5;
  ExpectNear(outcome.sums, {3 * kLn2, 3 * 0.5 + 2 * 2 * e, 2 * 2 * e * e});
  const double d = 5 * -2 * 2 * e * 0.25 / 3;
  ExpectNear(outcome.gradients, {0.5 / 3, 0, 0, -0.5 / 3, 1.0 / 3, d, -0.5 / 3, -1.0 / 3, d});
}

TEST(HandRows, MultiDrJoint) {
  const auto objective = MakeMethod({"multi_dr={training: JOINT}"});
  const Outcome outcome = EvaluateLogits(*objective, ThreeRows(*objective));
  const double e = kLn2 - 0.5;
  const double d = 0.25 * ((1 - 2) - 2 * 2 * e) / 3;
  ExpectNear(outcome.gradients, {0.5 / 3, 0, 0.25 / 3,                    // o = 0
                                 -0.5 / 3, 2 * 0.5 * (1 + 2 * e) / 3, d,  // r = 0
                                 -0.5 / 3, -2 * 0.5 * (1 + 2 * e) / 3, d});
}

TEST(HandRows, MultiDrPseudo) {
  const auto objective = MakeMethod({"multi_dr={training: PSEUDO}"});
  const Outcome outcome = EvaluateLogits(*objective, ThreeRows({0, kLn3, 0}));
  const double imputed = kLn4 - 0.5 * kLn3;
  const double e = 0.5 * kLn3;  // times -1 for the conversion
  ExpectNear(outcome.sums, {3 * kLn2, 3 * imputed + 2 * e - 2 * e, 2 * 2 * e * e});
  ExpectNear(outcome.gradients, {0.5 / 3, 0.25 / 3, 0,                          // o = 0
                                 -0.5 / 3, (0.25 + 2 * 0.5) / 3, e * kLn3 / 3,  // r = 0
                                 -0.5 / 3, (0.25 - 2 * 0.5) / 3, -e * kLn3 / 3});
}

TEST(HandRows, AlternateEscm2DrTrainsCvrExactlyAsEscm2Ipw) {
  for (const char* options : {"", "eps: 0.4", "detach: false"}) {
    const std::string rest = std::string(options) + "}";
    const auto ipw = MakeMethod({"escm2_ipw={w_cvr: 0.7 " + rest});
    const auto dr = MakeMethod({"escm2_dr={w_error: 0.7 w_imputation: 0.3 " + rest});
    const LabelledLogits labelled = RandomLogits(*dr, 60, 5);
    LabelledLogits without = labelled;
    without.heads = 2;
    without.logits.clear();
    for (int64_t i = 0; i < labelled.rows(); ++i) {
      for (int h = 0; h < 2; ++h) without.logits.push_back(labelled.logits[i * 3 + h]);
    }
    const Outcome of_dr = EvaluateLogits(*dr, labelled), of_ipw = EvaluateLogits(*ipw, without);
    for (int64_t i = 0; i < labelled.rows(); ++i) {
      EXPECT_EQ(of_dr.gradients[i * 3 + 1], of_ipw.gradients[i * 2 + 1]) << options << " row " << i;
    }
  }
}

TEST(HandRows, UkdTeacher) {
  const auto objective = MakeMethod({"ukd={}"});
  const Outcome outcome = EvaluateLogits(*objective, ThreeRows(*objective), 0);
  ExpectNear(DenominatorsOf(*objective, ThreeRows(*objective), 0), {2, 3, 0, 0, 0, 0, 0, 0});
  ExpectNear(outcome.sums, {2 * kLn2, 3 * kLn2, 0, 0, 0, 0, 0, 0});
  ExpectNear(outcome.gradients, {0, 0, 0, 0, 0.5 / 3, 0, 0, 0, 0.5 / 2, -0.5 / 3,  //
                                 0, 0, 0, -0.5 / 2, -0.5 / 3});
}

TEST(HandRows, UkdStudent) {
  const auto objective = MakeMethod({"ukd={w_distill2: 0.25}"});
  const Outcome outcome = EvaluateLogits(*objective, ThreeRows({0, kLn3, 0, 0, 0}), 1);
  // The un-clicked row: p_b = 3/4, p_b' = 1/2, label 1/2.
  const double kl = 0.75 * kLn3 - kLn2, kl2 = kLn2 - 0.5 * kLn3;
  const double w = std::exp(-kl), w2 = std::exp(-kl2);
  const double loss = kLn4 - 0.5 * kLn3, loss2 = kLn2;
  ExpectNear(outcome.sums,
             {0, 0, 3 * kLn2, kLn4 + kLn4Thirds, 2 * kLn2, w * loss, w2 * loss2, kl + kl2});
  const double kl_b = 0.1875 * kLn3, kl_b2 = -0.25;  // d kl / d b, b'
  const double kl2_b = 0.25, kl2_b2 = -0.25 * kLn3;  // d kl2 / d b, b'
  const double b =
      0.5 * (w * 0.25 - w * loss * kl_b) - 0.25 * w2 * loss2 * kl2_b + 0.5 * (kl_b + kl2_b);
  const double b2 = -0.5 * w * loss * kl_b2 - 0.25 * w2 * loss2 * kl2_b2 + 0.5 * (kl_b2 + kl2_b2);
  ExpectNear(outcome.gradients, {0.5 / 3, b / 3, b2 / 3, 0, 0,       // o = 0
                                 -0.5 / 3, 0.75 / 3, 0.5 / 3, 0, 0,  // r = 0
                                 -0.5 / 3, -0.25 / 3, -0.5 / 3, 0, 0});
}

TEST(HandRows, Dcmt) {
  const auto objective = MakeMethod({"dcmt={w_regularizer: 2}"});
  const LabelledLogits labelled = ThreeRows({0, kLn3, 0});
  const Outcome outcome = EvaluateLogits(*objective, labelled);
  // p_a p_b = 3/8: the CTCVR slopes are 0.3 and 0.15 without a conversion, -1/2 and -1/4 with one.
  ExpectNear(outcome.sums, {3 * kLn2, 2 * std::log(8 / 5.0) + std::log(8 / 3.0),
                            2 * kLn4 + 2 * kLn4Thirds, 2 * kLn2, 3 * 0.25});
  const double b = 2 * 0.1875, f = 2 * 0.25;
  ExpectNear(outcome.gradients, {(0.5 + 0.3) / 3, (0.15 + b) / 3, (f - 2 * 0.5) / 3,  // o = 0
                                 (-0.5 + 0.3) / 3, (0.15 + b + 2 * 0.75) / 3, f / 3,  // r = 0
                                 (-0.5 - 0.5) / 3, (-0.25 + b - 2 * 0.25) / 3, f / 3});
  ExpectNear(DenominatorsOf(*objective, labelled), {3, 3, 3, 3, 3});
  ExpectNear(DenominatorsOf(*MakeMethod({"dcmt={norm: SPACE}"}), labelled), {3, 3, 2, 1, 3});
  ExpectNear(DenominatorsOf(*MakeMethod({"dcmt={snips: true}"}), labelled), {3, 3, 4, 2, 3});
}

TEST(HandRows, DcmtRegularizerIsFlatWhereTheHeadsAddUpToOne) {
  const auto objective = MakeMethod({"dcmt={w_ctr: 0 w_ctcvr: 0 w_cvr: 0 w_counterfactual: 0}"});
  const Outcome outcome = EvaluateLogits(*objective, ThreeRows({0, 1.25, -1.25}));
  EXPECT_EQ(outcome.gradients, std::vector<double>(9, 0.0));
  EXPECT_EQ(outcome.sums.back(), 0);
}

// Soft label 3/4, all other probabilities 1/2.
TEST(HandRows, Ddpo) {
  const LabelledLogits labelled = ThreeRows({0, 0, kLn3});
  const auto pushes = [&](const std::string& options) {
    const auto objective = MakeMethod({"ddpo={w_ctr: 0 w_ctcvr: 0 " + options + "}"});
    return EvaluateLogits(*objective, labelled).gradients;
  };
  const double c0 = 0.75 / 3, c1 = -0.25 / 3;
  ExpectNear(pushes(""), {0, 2 * -0.25 / 2, 0, 0, 2 * -0.25 / 4, c0, 0, 2 * -0.5 / 4, c1});
  ExpectNear(pushes("calibrated: true"),
             {0, 2 * -0.25 / 2, 0, 0, 2 * 0.5 / 4, c0, 0, 2 * -0.5 / 4, c1});
  ExpectNear(pushes("ddpo_literal: true"), {0, -0.25 / 3, 0, 0, -0.125 / 3, c0, 0, -0.25 / 3, c1});
  const auto objective = MakeMethod({"ddpo={}"});
  ExpectNear(DenominatorsOf(*objective, labelled), {3, 3, 3, 4, 2});
  ExpectNear(EvaluateLogits(*objective, labelled).sums,
             {3 * kLn2, 2 * kLn4Thirds + 2 * kLn2, kLn4 + kLn4Thirds, 4 * kLn2, 2 * kLn2});
}

TEST(HandRows, NiseWeighsByTheRatioOfTheLosses) {
  const LabelledLogits labelled = ThreeRows({0, kLn3});
  const auto objective = MakeMethod({"nise={w_cvr: 2}"});
  const Outcome outcome = EvaluateLogits(*objective, labelled);
  const double cvr = kLn4 + kLn4Thirds + (kLn4 - 0.75 * kLn3);
  ExpectNear(outcome.sums, {3 * kLn2, cvr});
  EXPECT_NEAR(outcome.total, kLn2 + 2 * kLn2, 1e-15);
  const double scale = 2 * (3 * kLn2 / cvr) / 3;
  ExpectNear(outcome.gradients,
             {0.5 / 3, -scale * kLn3 * 0.1875, -0.5 / 3, scale * 0.75, -0.5 / 3, -scale * 0.25});
  const auto capped = MakeMethod({"nise={w_cvr: 2 beta: 0.1}"});
  EXPECT_NEAR(NormalizersOfLogits(*capped, labelled)[1].weight, 2 * 0.1, 1e-16);
}

TEST(HandRows, NiseWeightOfLossesThatAreZero) {
  const auto objective = MakeMethod({"nise={}"});
  const auto weight = [&](double ctr, double cvr) {
    const double partials[] = {ctr, cvr};
    return objective->Normalizers(0, SpaceWeights{{3, 2, 1, 3}}, partials)[1].weight;
  };
  EXPECT_EQ(weight(0, 0), 0);
  EXPECT_EQ(weight(1, 0), 50);
  EXPECT_EQ(weight(0, 1), 0);
  EXPECT_EQ(weight(3, 2), 1.5);
}

TEST(HandRows, NiseWithATowerTakesItsPseudoLabels) {
  const auto objective = MakeMethod({"nise={nise_target: TOWER beta: 0.5}"});
  const Outcome outcome = EvaluateLogits(*objective, ThreeRows({0, 0, kLn3}));
  ExpectNear(outcome.sums, {3 * kLn2, 3 * kLn2, kLn4 + kLn4Thirds});
  ExpectNear(outcome.gradients,
             {0.5 / 3, 0.5 * -0.25 / 3, 0,  //
              -0.5 / 3, 0.5 * 0.5 / 3, 0.75 / 3, -0.5 / 3, 0.5 * -0.5 / 3, -0.25 / 3});
}

TEST(HandRows, ChorusCvr) {
  const auto chorus = MakeMethod({"chorus_cvr={}"});
  const Outcome outcome = EvaluateLogits(*chorus, ThreeRows(*chorus));
  // w = v = 2; a soft label 1/2 costs ln 2.
  ExpectNear(outcome.sums,
             {3 * kLn2, 2 * kLn4Thirds + 2 * kLn2, 4 * kLn2, 2 * kLn4Thirds + 2 * kLn2, 4 * kLn2,
              4 * kLn2, 4 * kLn2, 2 * kLn2, 2 * kLn2});
  const double sixth = 1 / 6.0;
  ExpectNear(outcome.gradients,
             {(0.5 + sixth + sixth) / 3, sixth / 3, sixth / 3,                            // o = 0
              (-0.5 + sixth - 0.5) / 3, sixth / 3 + 2 * 0.5 / 2, -0.5 / 3 - 2 * 0.5 / 2,  // r = 0
              (-0.5 - 0.5 + sixth) / 3, -0.5 / 3 - 2 * 0.5 / 2, sixth / 3 + 2 * 0.5 / 2});
}

}  // namespace
}  // namespace chorus::worker::testing
