// Which exposures the columns of a run look at, against plain loops over drawn scores.

#include "launch/compare/measure/results.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

#include "common/random.h"
#include "common/strings.h"
#include "launch/compare/measure/sampling.h"
#include "tests/worker/statistics/statistics_testing.h"

namespace chorus::launch {
namespace {

constexpr uint32_t kRows = 600;

double Draw(uint64_t row, uint64_t what) {
  return ToUniform(Random(1, RandomPurpose::kTest, row, what));
}

double Sigma(double z) { return 1 / (1 + std::exp(-z)); }

double Auc(const std::vector<double>& scores, const std::vector<double>& labels) {
  return worker::testing::AucByPairs(scores, labels, std::vector<double>(scores.size(), 1.0));
}

RunScores DrawnScores() {
  RunScores run;
  worker::Scores& s = run.scores;
  s.has_group = s.has_oracle = true;
  for (uint32_t i = 0; i < kRows; ++i) {
    s.row_id.push_back(1000 - i);
    s.group.push_back(static_cast<uint64_t>(40 * Draw(i, 0)));
    s.click.push_back(Draw(i, 1) < 0.3);
    s.conversion.push_back(s.click[i] != 0 && Draw(i, 2) < 0.3);
    s.ctr_logit.push_back(4 * Draw(i, 3) - 3);
    s.cvr_logit.push_back(4 * Draw(i, 4) - 3);
    // A ratio in every fifth row, as DIVISION has them.
    s.log_cvr.push_back(i % 5 == 0 ? 0.5 : std::log(Sigma(s.cvr_logit[i])));
    s.p_conv_do.push_back(static_cast<float>(Draw(i, 5)));
    s.p_v.push_back(0.5F);
    run.common_ctr.push_back(std::round(8 * Draw(i, 6)));  // ties, broken by row id
    run.field.push_back(static_cast<uint64_t>(3 * Draw(i, 7)));
  }
  return run;
}

CompareConfig Config() {
  CompareConfig config;
  config.set_common_ctr("BASE");
  config.set_field("205");
  config.add_k(3);
  return config;
}

Column ColumnOf(const std::string& id) {
  for (const Column& column : ColumnsOf(Config())) {
    if (column.id == id) return column;
  }
  ADD_FAILURE() << "no column " << id;
  return {};
}

double ValueOf(const RunScores& run, const std::string& id) {
  RunRows rows(run, false);
  const auto metric = ValueOf(ColumnOf(id), &rows);
  EXPECT_TRUE(metric.has_value()) << id;
  return metric.has_value() ? metric->value() : std::nan("");
}

// The rows with in(i) that are lowest by the common pCTR: one part of `parts`.
template <typename F>
std::vector<uint32_t> Lowest(const RunScores& run, uint32_t parts, F in) {
  std::vector<std::tuple<double, uint64_t, uint32_t>> sorted;
  for (uint32_t i = 0; i < kRows; ++i) {
    if (in(i)) sorted.emplace_back(run.common_ctr[i], run.scores.row_id[i], i);
  }
  std::sort(sorted.begin(), sorted.end());
  sorted.resize(sorted.size() / parts);
  std::vector<uint32_t> rows;
  for (const auto& row : sorted) rows.push_back(std::get<2>(row));
  return rows;
}

TEST(RunRowsTest, TheLowestFifthOfClicksAndTenthOfExposuresAreByTheCommonPctr) {
  const RunScores run = DrawnScores();
  const worker::Scores& s = run.scores;
  double predicted = 0, converted = 0;
  for (const uint32_t i : Lowest(run, 5, [&](uint32_t i) { return s.click[i] != 0; })) {
    predicted += std::exp(s.log_cvr[i]);
    converted += s.conversion[i];
  }
  EXPECT_NEAR(ValueOf(run, "cvr_pcoc_low"), predicted / converted, 1e-9);
  RunRows rows(run, false);
  EXPECT_EQ(ValueOf(ColumnOf("cvr_pcoc_low"), &rows)->positives(), converted);
  predicted = converted = 0;
  for (const uint32_t i : Lowest(run, 10, [](uint32_t) { return true; })) {
    predicted += std::exp(s.log_cvr[i]);
    converted += static_cast<double>(s.p_conv_do[i]);
  }
  EXPECT_NEAR(ValueOf(run, "oracle_pcoc_L"), predicted / converted, 1e-9);
}

TEST(RunRowsTest, TruthIsHeldAgainstAllClickedAndUnclickedExposures) {
  const RunScores run = DrawnScores();
  const worker::Scores& s = run.scores;
  const std::pair<const char*, std::pair<int, int>> spaces[] = {
      {"D", {0, 1}}, {"O", {1, 1}}, {"N", {0, 0}}};
  for (const auto& [space, clicks] : spaces) {
    std::vector<double> logit, truth;
    double predicted = 0, actual = 0;
    for (uint32_t i = 0; i < kRows; ++i) {
      if (s.click[i] < clicks.first || s.click[i] > clicks.second) continue;
      logit.push_back(s.cvr_logit[i]);
      truth.push_back(static_cast<double>(s.p_conv_do[i]));
      predicted += std::exp(s.log_cvr[i]);
      actual += truth.back();
    }
    EXPECT_NEAR(ValueOf(run, StrCat("oracle_auc_", space)), Auc(logit, truth), 1e-12);
    EXPECT_NEAR(ValueOf(run, StrCat("oracle_pcoc_", space)), predicted / actual, 1e-9);
  }
  double divergence = 0;
  for (uint32_t i = 0; i < kRows; ++i) {
    const double t = static_cast<double>(s.p_conv_do[i]), p = Sigma(s.cvr_logit[i]);
    divergence += t * std::log(t / p) + (1 - t) * std::log((1 - t) / (1 - p));
  }
  EXPECT_NEAR(ValueOf(run, "oracle_kl_D"), divergence / kRows, 1e-9);
}

TEST(RunRowsTest, TasksTakeTheirOwnRowsPredictionsAndLabels) {
  const RunScores run = DrawnScores();
  const worker::Scores& s = run.scores;
  double pctr = 0, pcvr = 0, pctcvr = 0, clicks = 0, conversions = 0, above_one = 0;
  std::vector<double> all_by_cvr, common, converted;
  for (uint32_t i = 0; i < kRows; ++i) {
    pctr += Sigma(s.ctr_logit[i]);
    if (s.click[i] != 0) pcvr += std::exp(s.log_cvr[i]);
    pctcvr += Sigma(s.ctr_logit[i]) * std::exp(s.log_cvr[i]);
    clicks += s.click[i];
    conversions += s.conversion[i];
    above_one += s.log_cvr[i] > 0;
    all_by_cvr.push_back(s.cvr_logit[i]);
    common.push_back(Sigma(run.common_ctr[i]) * std::exp(s.log_cvr[i]));
    converted.push_back(s.conversion[i]);
  }
  EXPECT_NEAR(ValueOf(run, "ctr_pcoc"), pctr / clicks, 1e-9);
  EXPECT_NEAR(ValueOf(run, "cvr_pcoc"), pcvr / conversions, 1e-9);
  EXPECT_NEAR(ValueOf(run, "ctcvr_pcoc"), pctcvr / conversions, 1e-9);
  EXPECT_NEAR(ValueOf(run, "cvr_above_one"), above_one / kRows, 1e-12);
  EXPECT_NEAR(ValueOf(run, "cvr_auc_all"), Auc(all_by_cvr, converted), 1e-12);
  EXPECT_NEAR(ValueOf(run, "ctcvr_auc_common"), Auc(common, converted), 1e-12);
}

TEST(RunRowsTest, EveryColumnOfALogWithEverythingHasAValue) {
  const RunScores run = DrawnScores();
  RunRows rows(run, false);
  for (const Column& column : ColumnsOf(Config())) {
    const auto metric = ValueOf(column, &rows);
    ASSERT_TRUE(metric.has_value()) << column.id;
    EXPECT_EQ(metric->name(), column.id);
    EXPECT_EQ(metric->positives() == 0, column.is_truth()) << column.id;
    EXPECT_EQ(metric->has_coverage(), column.measure == Measure::kGroupAuc) << column.id;
    EXPECT_EQ(metric->groups() > 0, column.needs_groups()) << column.id;
  }
}

TEST(RunRowsTest, NdcgAndRecallCountTheGroupsWithAConversion) {
  const RunScores run = DrawnScores();
  std::set<uint64_t> converted;
  for (uint32_t i = 0; i < kRows; ++i) {
    if (run.scores.conversion[i] != 0) converted.insert(run.scores.group[i]);
  }
  RunRows rows(run, false);
  EXPECT_EQ(ValueOf(ColumnOf("ndcg@3"), &rows)->groups(), converted.size());
  EXPECT_EQ(ValueOf(ColumnOf("recall@3"), &rows)->groups(), converted.size());
}

TEST(RunRowsTest, WithoutGroupsEveryExposureIsOneAlsoWhereNumbersRepeat) {
  RunScores run = DrawnScores();
  run.scores.has_group = false;
  const std::vector<uint64_t> once = RunRows(run, false).groups().ids;
  EXPECT_EQ(once.size(), kRows);
  // Two logs that both number their exposures from 1 on.
  for (uint32_t i = 0; i < kRows; ++i) run.scores.row_id[i] = 1 + i % (kRows / 2);
  const worker::GroupNumbers twice = RunRows(run, false).groups();
  EXPECT_EQ(twice.ids.size(), kRows);
  EXPECT_EQ(std::set<uint32_t>(twice.of_row.begin(), twice.of_row.end()).size(), kRows);
}

// Two users' rows vary little between draws, whatever a third would do.
TEST(RunRowsTest, NothingIsDrawnFromTooFewGroups) {
  RunScores run = DrawnScores();
  const std::vector<Column> columns = {ColumnOf("cvr_log_loss"), ColumnOf("cvr_auc")};
  const auto pool = worker::ThreadPool::Create(1).value();
  EXPECT_EQ(DrawRun(run, false, columns, 20, pool.get()).draws.count("cvr_log_loss"), 1u);
  for (uint64_t& group : run.scores.group) group %= kFewestGroups - 1;
  const RunDraws few = DrawRun(run, false, columns, 20, pool.get());
  EXPECT_TRUE(few.draws.empty());
  EXPECT_EQ(few.ranked.count("cvr_auc"), 1u) << "DeLong's variance is of exposures";
  for (uint64_t& group : run.scores.group) group = 0;
  run.scores.has_group = false;  // then exposures are drawn
  EXPECT_EQ(DrawRun(run, false, columns, 20, pool.get()).draws.count("cvr_log_loss"), 1u);
}

TEST(RunRowsTest, ColumnsAreLeftOutWhereTheirRowsAreNotKnown) {
  RunScores run = DrawnScores();
  const auto has = [&](const char* id, bool reference = false) {
    RunRows rows(run, reference);
    return ValueOf(ColumnOf(id), &rows).has_value();
  };
  EXPECT_FALSE(has("ctr_auc", true));  // what a reference says of clicks means nothing
  EXPECT_TRUE(has("cvr_auc", true));
  run.scores.has_group = run.scores.has_oracle = false;
  run.common_ctr.clear();
  for (const char* id : {"ctcvr_gauc", "ndcg@3", "oracle_auc_D", "oracle_pcoc_L", "cvr_pcoc_low",
                         "ctcvr_auc_common"}) {
    EXPECT_FALSE(has(id)) << id;
  }
  EXPECT_TRUE(has("cvr_pcoc"));
  std::fill(run.scores.click.begin(), run.scores.click.end(), 0);
  std::fill(run.scores.conversion.begin(), run.scores.conversion.end(), 0);
  EXPECT_FALSE(has("ctr_auc"));
  EXPECT_FALSE(has("cvr_log_loss"));
  EXPECT_TRUE(has("ctr_log_loss"));
}

}  // namespace
}  // namespace chorus::launch
