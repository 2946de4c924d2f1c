#include <gtest/gtest.h>

#include "tests/worker/metrics/metrics_testing.h"
#include "worker/metrics/score_histogram.h"

namespace chorus::worker::testing {
namespace {

class AucOfEveryTask : public ::testing::TestWithParam<const char*> {
 protected:
  static TaskMetrics Find(const Evaluation& evaluation) {
    for (const TaskMetrics& t : evaluation.task()) {
      if (t.task() == GetParam()) return t;
    }
    return {};
  }
};

TEST_P(AucOfEveryTask, LiesWithinItsBoundOfTheExactOne) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    const Rows rows = RandomRows(1500, seed);
    const TaskMetrics got = Find(rows.Evaluate());
    const ScoredRows task = ScoredRowsOf(rows, GetParam());
    const double exact = ExactAuc(task.score, task.label);
    EXPECT_LE(std::abs(got.auc() - exact), got.auc_error_bound() + 1e-12);
    EXPECT_LT(got.auc_error_bound(), 1e-3);
    EXPECT_GT(exact, 0.55);
  }
}

INSTANTIATE_TEST_SUITE_P(Tasks, AucOfEveryTask, ::testing::Values("ctr", "cvr", "ctcvr"));

TEST(AucTest, TiesCountHalf) {
  // Rounded scores share bins only when they are equal, so that the histogram's AUC is the exact
  // one.
  const Rows rows = RandomRows(1200, 7, 4);
  const Evaluation evaluation = rows.Evaluate();
  for (int t : {0, 1}) {
    const TaskMetrics& got = evaluation.task(t);
    const ScoredRows task = ScoredRowsOf(rows, got.task());
    EXPECT_NEAR(got.auc(), ExactAuc(task.score, task.label), 1e-12) << got.task();
    EXPECT_GT(got.auc_error_bound(), 0) << "equal scores of both classes may hide an order";
  }
}

TEST(AucTest, NoBinWithBothClassesIsExactAndSaysSo) {
  Rows rows;
  for (int i = 0; i < 40; ++i) {
    rows.predictions.push_back(PredictionOfLogits(-4.0 + 0.2 * i, 0));
    rows.click.push_back(i % 3 == 0);
    rows.conversion.push_back(0);
  }
  const TaskMetrics got = rows.Evaluate(false).task(0);
  const ScoredRows task = ScoredRowsOf(rows, "ctr");
  EXPECT_EQ(got.auc_error_bound(), 0);
  EXPECT_DOUBLE_EQ(got.auc(), ExactAuc(task.score, task.label));
}

TEST(AucTest, BoundHoldsWhenEveryPairIsANearTie) {
  // All scores in a few bins, positives just above (or just below) negatives: the worst for a
  // histogram.
  for (const double sign : {1.0, -1.0}) {
    Rows rows;
    for (int i = 0; i < 400; ++i) {
      const bool label = i % 4 == 0;
      const double bin = (i % 5) * 0x1p-12;
      rows.predictions.push_back(
          PredictionOfLogits(-3 + bin + (label ? sign : -sign) * 1e-9 + 0x1p-13, 0));
      rows.click.push_back(label);
      rows.conversion.push_back(0);
    }
    const TaskMetrics got = rows.Evaluate(false).task(0);
    const ScoredRows task = ScoredRowsOf(rows, "ctr");
    const double error = std::abs(got.auc() - ExactAuc(task.score, task.label));
    EXPECT_LE(error, got.auc_error_bound() + 1e-12);
    EXPECT_GT(error, 0.9 * got.auc_error_bound()) << "the bound is reached here";
  }
}

TEST(AucTest, ScoresBeyondTheBinsStayInsideTheBound) {
  Rows rows;
  for (int i = 0; i < 200; ++i) {
    rows.predictions.push_back(PredictionOfLogits(100 * Normal(3, i, 0), 0));
    rows.click.push_back(Uniform(3, i, 1) < 0.3);
    rows.conversion.push_back(0);
  }
  rows.predictions[0].ctr_logit = HUGE_VAL;
  rows.predictions[1].ctr_logit = -HUGE_VAL;
  const TaskMetrics got = rows.Evaluate(false).task(0);
  const ScoredRows task = ScoredRowsOf(rows, "ctr");
  EXPECT_LE(std::abs(got.auc() - ExactAuc(task.score, task.label)), got.auc_error_bound() + 1e-12);
  EXPECT_TRUE(std::isfinite(got.log_loss()));
}

TEST(AucTest, FractionalLabelsWeighPairs) {
  ScoreHistogram histogram;
  std::vector<double> score, label;
  for (int i = 0; i < 800; ++i) {
    score.push_back(Normal(11, i, 0));
    label.push_back(Sigma(score.back() + Normal(11, i, 1)));
    histogram.Add(score.back(), ToFixed(label.back()), 0);
  }
  const auto got = histogram.Auc();
  ASSERT_TRUE(got.has_value());
  EXPECT_LE(std::abs(got->auc - ExactAuc(score, label)), got->error_bound + 1e-10);
}

}  // namespace
}  // namespace chorus::worker::testing
