// What methods predict of their logits.

#include "tests/worker/objective/hand_rows.h"

namespace chorus::worker::testing {
namespace {

Prediction PredictionOf(const std::string& method, const std::vector<float>& logits) {
  return MakeMethod({method})->Predict(logits);
}

TEST(Predict, IsTheSigmoidsOfCtrAndCvrForMostMethods) {
  for (const char* method :
       {"base={}", "two_task={}", "aman={}", "unbias={}", "esmm_ns={}", "esmm={}", "escm2_ipw={}",
        "escm2_dr={}", "ukd={}", "dcmt={}", "ddpo={}", "nise={}", "chorus_cvr={}", "multi_ipw={}",
        "multi_dr={}", "oversampling={correct: false}"}) {
    std::vector<float> logits(MakeMethod({method})->heads().size(), 5.0f);
    logits[0] = -2;
    logits[1] = 0.5;
    const Prediction prediction = PredictionOf(method, logits);
    EXPECT_EQ(prediction.ctr_logit, -2) << method;
    EXPECT_EQ(prediction.cvr_logit, 0.5) << method;
    EXPECT_NEAR(std::exp(prediction.log_ctcvr()), 1 / (1 + std::exp(2.0)) / (1 + std::exp(-0.5)),
                1e-15);
  }
}

// If sigma(b) is at its limit, the corrected prediction is the true pCVR.
TEST(Predict, CorrectedAmanUndoesTheBiasOfItsSample) {
  const double ctr = 0.2, cvr = 0.3, rho = 0.25;
  const double limit = ctr * cvr / (ctr + rho * (1 - ctr));
  const auto logit = [](double p) { return static_cast<float>(std::log(p / (1 - p))); };
  const Prediction prediction =
      PredictionOf("aman={rho: 0.25 correct: true}", {logit(ctr), logit(limit)});
  EXPECT_NEAR(std::exp(prediction.log_cvr), cvr, 1e-6);
  EXPECT_NEAR(prediction.cvr_logit, std::log(cvr / (1 - cvr)), 1e-6);
  EXPECT_GT(PredictionOf("aman={rho: 0.25 correct: true}", {-6, 6}).log_cvr, 0);  // a ratio
}

TEST(Predict, CorrectedOversamplingHasTheOddsOfOneCopy) {
  const Prediction prediction = PredictionOf("oversampling={copies: 4}", {0, 1});
  EXPECT_NEAR(prediction.cvr_logit, 1 - kLn4, 1e-15);
}

TEST(Predict, DivisionIsARatioThatACapCuts) {
  const std::vector<float> below = {static_cast<float>(kLn3), 0};  // (1/2) / (3/4)
  EXPECT_NEAR(std::exp(PredictionOf("division={}", below).log_cvr), 2 / 3.0, 1e-7);
  EXPECT_NEAR(PredictionOf("division={}", below).log_ctcvr(), -kLn2, 1e-7);
  const std::vector<float> above = {0, static_cast<float>(kLn3)};
  EXPECT_NEAR(std::exp(PredictionOf("division={}", above).log_cvr), 1.5, 1e-7);
  EXPECT_GT(PredictionOf("division={}", above).cvr_logit,
            PredictionOf("division={}", below).cvr_logit);
  EXPECT_EQ(PredictionOf("division={cap: true}", above).log_cvr, 0);
  EXPECT_EQ(PredictionOf("division={cap: true}", below).log_cvr,
            PredictionOf("division={}", below).log_cvr);
}

TEST(Predict, UkdMayAverageItsHeads) {
  const auto b = static_cast<float>(kLn3);  // 3/4 and 1/2
  const Prediction prediction = PredictionOf("ukd={average_heads: true}", {0, b, 0, 9, 9});
  EXPECT_NEAR(prediction.cvr_logit, std::log(0.625 / 0.375), 1e-7);
  EXPECT_NEAR(PredictionOf("ukd={average_heads: true}", {0, 80, 70, 0, 0}).cvr_logit,
              70 + std::log(2 / (1 + std::exp(-10.0))), 1e-12);
}

}  // namespace
}  // namespace chorus::worker::testing
