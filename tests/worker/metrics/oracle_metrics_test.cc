#include <gtest/gtest.h>

#include "tests/worker/metrics/metrics_testing.h"

namespace chorus::worker::testing {
namespace {

double Kl(double p, double q) {
  return p * std::log(p / q) + (1 - p) * (std::log1p(-p) - std::log1p(-q));
}

TEST(OracleMetricsTest, EqualPlainLoopsOnEverySpace) {
  const Rows rows = RandomRows(1500, 1);
  const Evaluation evaluation = rows.Evaluate();
  ASSERT_EQ(evaluation.oracle_size(), 3);
  for (const OracleMetrics& got : evaluation.oracle()) {
    std::vector<double> score, best, truth;
    double predicted = 0, actual = 0, kl = 0;
    for (size_t i = 0; i < rows.click.size(); ++i) {
      if (got.space() == "O" && !rows.click[i]) continue;
      if (got.space() == "N" && rows.click[i]) continue;
      const double p = static_cast<double>(rows.oracle[i].p_conv_do);
      const double q = Sigma(rows.predictions[i].cvr_logit);
      score.push_back(rows.predictions[i].cvr_logit);
      best.push_back(static_cast<double>(rows.oracle[i].p_v));
      truth.push_back(p);
      predicted += q;
      actual += p;
      kl += Kl(p, q);
    }
    EXPECT_EQ(got.rows(), score.size()) << got.space();
    EXPECT_LE(std::abs(got.auc() - ExactAuc(score, truth)), got.auc_error_bound() + 1e-10);
    EXPECT_NEAR(got.auc_ceiling(), ExactAuc(best, truth), 1e-3);
    EXPECT_GT(got.auc_ceiling(), got.auc());
    EXPECT_NEAR(got.pcoc(), predicted / actual, 1e-10);
    EXPECT_NEAR(got.kl(), kl / static_cast<double>(score.size()), 1e-10);
  }
}

TEST(OracleMetricsTest, TheTruthItselfHasNoDivergence) {
  Rows rows = RandomRows(300, 2);
  for (size_t i = 0; i < rows.click.size(); ++i) {
    const double p = static_cast<double>(rows.oracle[i].p_conv_do);
    rows.predictions[i] = PredictionOfLogits(rows.predictions[i].ctr_logit, std::log(p / (1 - p)));
  }
  const Evaluation evaluation = rows.Evaluate();
  for (const OracleMetrics& got : evaluation.oracle()) {
    EXPECT_LT(got.kl(), 1e-11);
    EXPECT_NEAR(got.pcoc(), 1, 1e-10);
  }
}

TEST(OracleMetricsTest, CertainTruthIsFinite) {
  Rows rows = RandomRows(4, 3);
  rows.oracle[0] = {0, 0, 0, 0, 0};
  rows.oracle[1] = {1, 1, 1, 1, 1};
  const Evaluation evaluation = rows.Evaluate();
  EXPECT_TRUE(std::isfinite(evaluation.oracle(0).kl()));
}

}  // namespace
}  // namespace chorus::worker::testing
