// A row of weight w counts as w rows of weight 1.

#include <gtest/gtest.h>

#include "tests/worker/metrics/metrics_testing.h"
#include "worker/metrics/calibration_bins.h"

namespace chorus::worker::testing {
namespace {

uint32_t WeightOf(size_t row) { return static_cast<uint32_t>(3 * Uniform(9, row, 0)); }  // 0, 1, 2

void Append(const Rows& from, size_t i, Rows* to) {
  to->predictions.push_back(from.predictions[i]);
  to->click.push_back(from.click[i]);
  to->conversion.push_back(from.conversion[i]);
}

struct WeightedRows {
  Rows rows;
  std::vector<float> weight;
  Rows repeated;  // each as often as its weight says
};
WeightedRows RandomWeightedRows(size_t n) {
  WeightedRows out{RandomRows(n, 4, 3), {}, {}};
  for (size_t i = 0; i < n; ++i) {
    out.weight.push_back(static_cast<float>(WeightOf(i)));
    for (uint32_t copy = 0; copy < WeightOf(i); ++copy) Append(out.rows, i, &out.repeated);
  }
  return out;
}

void AddTo(const WeightedRows& rows, size_t begin, size_t end, MetricsAccumulator* metrics) {
  metrics->Add(std::span(rows.rows.predictions).subspan(begin, end - begin),
               rows.rows.click.data() + begin, rows.rows.conversion.data() + begin, {},
               std::span(rows.weight).subspan(begin, end - begin));
}

TEST(WeightsTest, AWeightIsAsManyRows) {
  const WeightedRows rows = RandomWeightedRows(3000);
  const auto metrics = MetricsAccumulator::Create();
  AddTo(rows, 0, rows.weight.size(), metrics.get());
  const Evaluation got = metrics->Report(), expected = rows.repeated.Evaluate(false);
  EXPECT_NEAR(got.all_exposures_cvr_auc(), expected.all_exposures_cvr_auc(), 1e-12);
  for (int t = 0; t < 3; ++t) {
    const TaskMetrics &a = got.task(t), &b = expected.task(t);
    EXPECT_EQ(a.weight(), static_cast<double>(b.rows()));
    EXPECT_EQ(a.positive_weight(), static_cast<double>(b.positives()));
    EXPECT_FALSE(b.has_weight());
    EXPECT_NEAR(a.auc(), b.auc(), 1e-12);
    EXPECT_NEAR(a.auc_error_bound(), b.auc_error_bound(), 1e-12);
    EXPECT_NEAR(a.log_loss(), b.log_loss(), 1e-10);
    EXPECT_NEAR(a.normalized_entropy(), b.normalized_entropy(), 1e-10);
    EXPECT_NEAR(a.pcoc(), b.pcoc(), 1e-10);
    EXPECT_NEAR(a.ks(), b.ks(), 1e-12);
    EXPECT_GT(a.rows(), a.positives());
  }
  EXPECT_EQ(got.rows(), 3000u);
  EXPECT_NE(FormatEvaluation(got).find("weighted: "), std::string::npos);
  EXPECT_EQ(FormatEvaluation(expected).find("weighted"), std::string::npos);
}

TEST(WeightsTest, PartsMergeToTheWhole) {
  const WeightedRows rows = RandomWeightedRows(700);
  const auto whole = MetricsAccumulator::Create(), parts = MetricsAccumulator::Create();
  AddTo(rows, 0, 700, whole.get());
  const auto first = MetricsAccumulator::Create(), second = MetricsAccumulator::Create();
  AddTo(rows, 0, 300, first.get());
  AddTo(rows, 300, 700, second.get());
  ASSERT_TRUE(parts->Merge(second->Serialize()).ok() && parts->Merge(first->Serialize()).ok());
  EXPECT_EQ(parts->Serialize(), whole->Serialize());
}

TEST(WeightsTest, AnAbsurdWeightCountsAsTheLargest) {
  Rows rows = RandomRows(2, 1);
  rows.click = {1, 0};
  const std::vector<float> weight = {1e30f, 1};
  const auto metrics = MetricsAccumulator::Create();
  metrics->Add(rows.predictions, rows.click.data(), rows.conversion.data(), {}, weight);
  EXPECT_EQ(metrics->Report().task(0).weight(), 0x1p20 + 1);
}

TEST(WeightsTest, MeansInsideCalibrationBinsAreWeighted) {
  const std::vector<double> logit = {-1, -1}, p = {.2, .4}, label = {0, 1}, weight = {3, 1};
  const std::vector<CalibrationBin> bins = CalibrationBins(logit, p, label, weight);
  ASSERT_EQ(bins.size(), 1u);
  EXPECT_NEAR(bins[0].mean_prediction(), .25, 1e-12);
  EXPECT_NEAR(bins[0].labels() / static_cast<double>(bins[0].rows()), .25, 1e-12);
}

}  // namespace
}  // namespace chorus::worker::testing
