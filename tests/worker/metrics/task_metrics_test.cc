#include <gtest/gtest.h>

#include <algorithm>

#include "tests/worker/metrics/metrics_testing.h"

namespace chorus::worker::testing {
namespace {

TEST(TaskMetricsTest, LogLossAndPcocEqualPlainLoops) {
  const Rows rows = RandomRows(4000, 1);
  const Evaluation evaluation = rows.Evaluate();
  for (const TaskMetrics& got : evaluation.task()) {
    const ScoredRows task = ScoredRowsOf(rows, got.task());
    double loss = 0, predicted = 0, positives = 0;
    for (size_t i = 0; i < task.score.size(); ++i) {
      const double p = task.probability[i];
      loss -= task.label[i] * std::log(p) + (1 - task.label[i]) * std::log1p(-p);
      predicted += p;
      positives += task.label[i];
    }
    const double n = static_cast<double>(task.score.size());
    EXPECT_EQ(got.rows(), task.score.size());
    EXPECT_EQ(static_cast<double>(got.positives()), positives);
    EXPECT_NEAR(got.log_loss(), loss / n, 1e-11) << got.task();
    EXPECT_NEAR(got.pcoc(), predicted / positives, 1e-10) << got.task();
  }
}

TEST(TaskMetricsTest, CalibrationErrorEqualsAPlainLoopOverTwentyGroups) {
  const Rows rows = RandomRows(3000, 2);
  for (int t : {0, 1}) {
    const TaskMetrics got = rows.Evaluate().task(t);
    const ScoredRows task = ScoredRowsOf(rows, got.task());
    const size_t n = task.score.size();
    std::vector<size_t> order(n);
    for (size_t i = 0; i < n; ++i) order[i] = i;
    std::sort(order.begin(), order.end(),
              [&](size_t i, size_t j) { return task.score[i] < task.score[j]; });
    const auto bin = [&](size_t k) { return std::floor((task.score[order[k]] + 32) * 4096); };
    std::vector<double> difference(20, 0);
    size_t first = 0;  // of the rows that share the bin
    for (size_t k = 0; k < n; ++k) {
      if (bin(k) != bin(first)) first = k;
      difference[20 * first / n] += task.probability[order[k]] - task.label[order[k]];
    }
    double sum = 0;
    for (double d : difference) sum += std::abs(d);
    EXPECT_NEAR(got.ece(), sum / static_cast<double>(n), 1e-11) << got.task();
    EXPECT_GT(got.ece(), 0.001);
  }
}

TEST(TaskMetricsTest, SmallProductsKeepTheirDigits) {
  // p1 p2 = 1e-9 or so: 1 - p1 p2 in float32 would be 1 and the loss of a zero label 0.
  Rows rows;
  rows.predictions = {PredictionOfLogits(-10.0, -11.0)};
  rows.click = {0};
  rows.conversion = {0};
  const TaskMetrics got = rows.Evaluate(false).task(2);
  EXPECT_NEAR(got.log_loss() / (Sigma(-10.0) * Sigma(-11.0)), 1.0,
              1e-3);  // to the fixed point's unit
}

TEST(TaskMetricsTest, ConversionOfAnUnclickedRowChangesNothing) {
  Rows rows = RandomRows(500, 3);
  const std::string before = rows.Evaluate().SerializeAsString();
  for (size_t i = 0; i < rows.click.size(); ++i) {
    if (!rows.click[i]) rows.conversion[i] ^= 1;
  }
  EXPECT_EQ(rows.Evaluate().SerializeAsString(), before);
}

TEST(TaskMetricsTest, NoRowsLeaveEveryValueAbsent) {
  const Evaluation evaluation = MetricsAccumulator::Create()->Report();
  EXPECT_EQ(evaluation.rows(), 0u);
  ASSERT_EQ(evaluation.task_size(), 3);
  for (const TaskMetrics& t : evaluation.task()) {
    EXPECT_FALSE(t.has_auc() || t.has_log_loss() || t.has_pcoc() || t.has_ece()) << t.task();
  }
  EXPECT_EQ(evaluation.oracle_size(), 0);
}

TEST(TaskMetricsTest, OneClassHasNoAucAndWithoutPositivesNoPcoc) {
  Rows rows = RandomRows(100, 4);
  std::fill(rows.click.begin(), rows.click.end(), uint8_t{0});
  const Evaluation evaluation = rows.Evaluate(false);
  EXPECT_FALSE(evaluation.task(0).has_auc());
  EXPECT_FALSE(evaluation.task(0).has_pcoc());
  EXPECT_TRUE(evaluation.task(0).has_log_loss());
  EXPECT_EQ(evaluation.task(1).rows(), 0u);
  EXPECT_FALSE(evaluation.task(1).has_log_loss());
  EXPECT_TRUE(evaluation.task(2).has_ece());
}

TEST(TaskMetricsTest, TableShowsADashForWhatIsAbsent) {
  Rows rows = RandomRows(100, 5);
  std::fill(rows.click.begin(), rows.click.end(), uint8_t{0});
  const std::string table = FormatEvaluation(rows.Evaluate(false));
  EXPECT_NE(table.find("log loss"), std::string::npos);
  EXPECT_NE(table.find(" - "), std::string::npos);
  EXPECT_EQ(table.find("nan"), std::string::npos);
  EXPECT_EQ(table.find("truth"), std::string::npos);
  EXPECT_NE(FormatEvaluation(rows.Evaluate(true)).find("truth"), std::string::npos);
}

}  // namespace
}  // namespace chorus::worker::testing
