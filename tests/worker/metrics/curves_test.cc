// Normalised entropy, KS, calibration curves, PCOC by pCTR, and predictions above 1.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "tests/worker/metrics/metrics_testing.h"
#include "worker/metrics/calibration_bins.h"
#include "worker/metrics/pcoc_buckets.h"
#include "worker/statistics/interval.h"

namespace chorus::worker::testing {
namespace {

TEST(CurvesTest, NormalizedEntropyIsTheLossOverThatOfTheBaseRate) {
  const Evaluation evaluation = RandomRows(2000, 1).Evaluate();
  for (const TaskMetrics& t : evaluation.task()) {
    const double rate = static_cast<double>(t.positives()) / static_cast<double>(t.rows());
    const double entropy = -rate * std::log(rate) - (1 - rate) * std::log(1 - rate);
    EXPECT_NEAR(t.normalized_entropy(), t.log_loss() / entropy, 1e-12) << t.task();
  }
}

double KsByThresholds(const ScoredRows& rows) {
  double best = 0;
  for (const double t : rows.score) {
    double plus = 0, minus = 0, positives = 0;
    for (size_t i = 0; i < rows.score.size(); ++i) {
      positives += rows.label[i];
      if (rows.score[i] >= t) plus += rows.label[i];
      if (rows.score[i] >= t) minus += 1 - rows.label[i];
    }
    const double negatives = static_cast<double>(rows.score.size()) - positives;
    best = std::max(best, plus / positives - minus / negatives);
  }
  return best;
}

TEST(CurvesTest, KsLiesBelowTheExactOneByAtMostItsBound) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    const Rows rows = RandomRows(1500, seed);
    const Evaluation evaluation = rows.Evaluate();
    for (const TaskMetrics& t : evaluation.task()) {
      const double exact = KsByThresholds(ScoredRowsOf(rows, t.task()));
      EXPECT_LE(t.ks(), exact + 1e-12) << t.task();
      EXPECT_GE(t.ks() + t.ks_error_bound(), exact - 1e-12) << t.task();
      EXPECT_LT(t.ks_error_bound(), 0.01);
      EXPECT_GT(exact, 0.1);
    }
  }
}

TEST(CurvesTest, KsBoundIsReachedWhenOneBinHoldsBothClasses) {
  Rows rows;
  for (int i = 0; i < 10; ++i) {  // all in one bin, negatives below positives: the exact KS is 1
    rows.predictions.push_back(PredictionOfLogits(i * 1e-9, 0));
    rows.click.push_back(i >= 5);
    rows.conversion.push_back(0);
  }
  const TaskMetrics got = rows.Evaluate(false).task(0);
  EXPECT_EQ(got.ks(), 0);
  EXPECT_EQ(got.ks_error_bound(), 1);
}

// From the rows themselves: bins of equal size by rank.
double EceByRanks(const ScoredRows& rows) {
  double error = 0;
  for (const CalibrationBin& bin : CalibrationBins(rows.score, rows.probability, rows.label)) {
    error += std::abs(bin.mean_prediction() * static_cast<double>(bin.rows()) - bin.labels());
  }
  return error / static_cast<double>(rows.score.size());
}

TEST(CurvesTest, EceIsTheExactOneUpToItsBound) {
  double largest_error = 0;
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    const Rows rows = RandomRows(40000, seed);
    const Evaluation evaluation = rows.Evaluate(false);
    for (const TaskMetrics& t : evaluation.task()) {
      const double error = std::abs(t.ece() - EceByRanks(ScoredRowsOf(rows, t.task())));
      EXPECT_LE(error, t.ece_error_bound() + 1e-11) << t.task();
      EXPECT_LT(t.ece_error_bound(), 0.01) << t.task();
      largest_error = std::max(largest_error, error);
    }
  }
  EXPECT_GT(largest_error, 1e-6);  // there is something to bound
}

TEST(CurvesTest, EceBoundHoldsWhenOneBinHoldsManyGroups) {
  for (const int period : {2, 3, 7, 50}) {
    Rows rows;
    for (int i = 0; i < 400;
         ++i) {  // one bin of the histogram; by ranks each group errs its own way
      rows.predictions.push_back(PredictionOfLogits(i * 1e-9, 0));
      rows.click.push_back(i / period % 2 == 0);
      rows.conversion.push_back(0);
    }
    const TaskMetrics got = rows.Evaluate(false).task(0);
    const double exact = EceByRanks(ScoredRowsOf(rows, "ctr"));
    EXPECT_LE(std::abs(got.ece() - exact), got.ece_error_bound()) << period;
    EXPECT_LT(got.ece_error_bound(), 1.6) << period;
  }
}

TEST(CurvesTest, EceOfSeparateScoresIsExact) {
  Rows rows;
  for (int i = 0; i < 200; ++i) {  // one row per bin of the histogram
    rows.predictions.push_back(PredictionOfLogits(-2 + 0.01 * i, 0));
    rows.click.push_back(i % 3 == 0);
    rows.conversion.push_back(0);
  }
  const TaskMetrics got = rows.Evaluate(false).task(0);
  EXPECT_EQ(got.ece_error_bound(), 0);
  EXPECT_NEAR(got.ece(), EceByRanks(ScoredRowsOf(rows, "ctr")), 1e-11);
}

TEST(CurvesTest, CalibrationBinsAreTheRowsAndMakeTheError) {
  const Evaluation evaluation = RandomRows(3000, 2).Evaluate();
  for (const TaskMetrics& t : evaluation.task()) {
    uint64_t rows = 0;
    double predicted = 0, labels = 0, error = 0;
    for (const CalibrationBin& bin : t.calibration()) {
      const double sum = bin.mean_prediction() * static_cast<double>(bin.rows());
      rows += bin.rows();
      predicted += sum;
      labels += bin.labels();
      error += std::abs(sum - bin.labels());
    }
    EXPECT_EQ(t.calibration_size(), 20);
    EXPECT_EQ(rows, t.rows());
    EXPECT_NEAR(labels, static_cast<double>(t.positives()), 1e-6);
    EXPECT_NEAR(predicted / labels, t.pcoc(), 1e-9);
    EXPECT_NEAR(error / static_cast<double>(rows), t.ece(), 1e-9);
    for (int b = 1; b < t.calibration_size(); ++b) {
      EXPECT_GT(t.calibration(b).mean_prediction(), t.calibration(b - 1).mean_prediction());
      EXPECT_NEAR(static_cast<double>(t.calibration(b).rows()), static_cast<double>(rows) / 20, 15);
    }
  }
}

// Clicked rows of ascending pCTR, cut into ten and merged.
TEST(CurvesTest, PcocBucketsEqualAPlainLoop) {
  const Rows rows = RandomRows(6000, 3);
  std::vector<std::array<double, 3>> clicked;  // CTR logit, pCVR, conversion
  for (size_t i = 0; i < rows.click.size(); ++i) {
    if (!rows.click[i]) continue;
    clicked.push_back({rows.predictions[i].ctr_logit, Sigma(rows.predictions[i].cvr_logit),
                       static_cast<double>(rows.conversion[i])});
  }
  std::sort(clicked.begin(), clicked.end());
  std::vector<double> logit, pcvr;
  std::vector<uint8_t> conversion;
  for (const auto& row : clicked) {
    logit.push_back(row[0]);
    pcvr.push_back(row[1]);
    conversion.push_back(row[2] != 0);
  }
  const std::vector<PcocBucket> got = PcocByPctr(logit, pcvr, conversion, 10);
  ASSERT_EQ(got.size(), 10u) << "every tenth has 30 conversions here";
  for (size_t b = 0; b < 10; ++b) {
    double rows_of = 0, converted = 0, predicted = 0, pctr = 0;
    for (size_t k = 0; k < clicked.size(); ++k) {
      if (10 * k / clicked.size() != b) continue;
      rows_of += 1;
      converted += clicked[k][2];
      predicted += clicked[k][1];
      pctr += Sigma(clicked[k][0]);
    }
    EXPECT_EQ(static_cast<double>(got[b].rows()), rows_of);
    EXPECT_EQ(static_cast<double>(got[b].conversions()), converted);
    EXPECT_NEAR(got[b].pcoc(), predicted / converted, 1e-11);
    EXPECT_NEAR(got[b].mean_pctr(), pctr / rows_of, 1e-12);
    const Interval rate = WilsonInterval95(converted, rows_of);
    EXPECT_EQ(got[b].rate_low(), rate.low);
    EXPECT_NEAR(got[b].pcoc_low(), predicted / rows_of / rate.high, 1e-12);
    EXPECT_NEAR(got[b].pcoc_high(), predicted / rows_of / rate.low, 1e-12);
  }
  // The accumulator's own buckets differ by what one histogram bin holds.
  const Evaluation evaluation = rows.Evaluate();
  ASSERT_EQ(evaluation.pcoc_bucket_size(), 10);
  for (int b = 0; b < 10; ++b) {
    EXPECT_NEAR(evaluation.pcoc_bucket(b).pcoc(), got[static_cast<size_t>(b)].pcoc(), 0.02);
    EXPECT_LE(evaluation.pcoc_bucket(b).lowest_pctr(), evaluation.pcoc_bucket(b).mean_pctr());
  }
}

TEST(CurvesTest, BucketsMergeUntilThirtyConversionsAndTheRestJoinsTheLast) {
  std::vector<PcocCell> cells;  // ten buckets of 100 rows
  for (const uint64_t conversions : {10, 10, 10, 40, 5, 5, 20, 3, 4, 5}) {
    cells.push_back({static_cast<double>(cells.size()), 100, conversions, 10, 20});
  }
  const std::vector<PcocBucket> got = MakePcocBuckets(cells, 10);
  ASSERT_EQ(got.size(), 3u);
  EXPECT_EQ(got[0].conversions(), 30u);
  EXPECT_EQ(got[0].rows(), 300u);
  EXPECT_EQ(got[1].conversions(), 40u);
  EXPECT_EQ(got[2].conversions(), 42u);
  EXPECT_EQ(got[2].rows(), 600u);
  EXPECT_DOUBLE_EQ(got[2].mean_pcvr(), 0.2);
  EXPECT_DOUBLE_EQ(got[2].pcoc(), 120.0 / 42);
}

TEST(CurvesTest, FewConversionsMakeOneBucketAndNoneMakesNoPcoc) {
  const std::vector<PcocCell> few = {{0, 50, 2, 5, 10}, {1, 50, 1, 5, 10}};
  ASSERT_EQ(MakePcocBuckets(few, 10).size(), 1u);
  EXPECT_EQ(MakePcocBuckets(few, 10)[0].rows(), 100u);
  const std::vector<PcocCell> none = {{0, 50, 0, 5, 10}};
  EXPECT_FALSE(MakePcocBuckets(none, 10)[0].has_pcoc());
  EXPECT_TRUE(MakePcocBuckets({}, 10).empty());
}

TEST(CurvesTest, PredictionsAboveOneCountAsTheyAreAndKeepLossesFinite) {
  Rows rows = RandomRows(400, 4);
  double predicted = 0, labels = 0;
  uint64_t above = 0;
  for (size_t i = 0; i < rows.click.size(); ++i) {
    const double log_cvr = i % 7 == 0    ? 0.9
                           : i % 11 == 0 ? 1e9
                                         : -2.0 + 1e-3 * static_cast<double>(i);
    rows.predictions[i] = PredictionOfRatio(rows.predictions[i].ctr_logit, log_cvr);
    above += log_cvr > 0;
    if (!rows.click[i]) continue;
    predicted += std::min(std::exp(log_cvr), 0x1p21);
    labels += rows.conversion[i];
  }
  const Evaluation evaluation = rows.Evaluate();
  EXPECT_EQ(evaluation.pcvr_above_one(), above);
  EXPECT_NEAR(evaluation.task(1).pcoc() / (predicted / labels), 1, 1e-9);
  for (const TaskMetrics& t : evaluation.task())
    EXPECT_TRUE(std::isfinite(t.log_loss())) << t.task();
  for (const OracleMetrics& o : evaluation.oracle()) {
    EXPECT_TRUE(std::isfinite(o.kl()) && o.kl() > 0) << o.space();
  }
}

TEST(CurvesTest, NisesCvrAucRanksAllExposuresByPcvr) {
  const Rows rows = RandomRows(1200, 5);
  std::vector<double> score, label;
  for (size_t i = 0; i < rows.click.size(); ++i) {
    score.push_back(rows.predictions[i].cvr_logit);
    label.push_back(rows.click[i] && rows.conversion[i]);
  }
  EXPECT_NEAR(rows.Evaluate().all_exposures_cvr_auc(), ExactAuc(score, label), 1e-3);
}

}  // namespace
}  // namespace chorus::worker::testing
