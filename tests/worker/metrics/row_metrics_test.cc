#include "worker/metrics/row_metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "common/key.h"
#include "tests/worker/metrics/group_testing.h"
#include "tests/worker/metrics/metrics_testing.h"

namespace chorus::worker::testing {
namespace {

constexpr uint64_t kGroups = 60;

// Groups of uneven sizes, row ids in no order.
Scores ScoresOf(const Rows& rows, uint64_t seed) {
  Scores scores;
  scores.has_group = scores.has_oracle = true;
  for (size_t i = 0; i < rows.click.size(); ++i) {
    const double u = Uniform(seed, i, 20);
    scores.row_id.push_back(i * 7919 % 100003);
    scores.group.push_back(1000 - static_cast<uint64_t>(kGroups * u * u));
    scores.click.push_back(rows.click[i]);
    scores.conversion.push_back(rows.click[i] != 0 && rows.conversion[i] != 0);
    scores.ctr_logit.push_back(rows.predictions[i].ctr_logit);
    scores.cvr_logit.push_back(rows.predictions[i].cvr_logit);
    scores.log_cvr.push_back(rows.predictions[i].log_cvr);
    scores.p_conv_do.push_back(rows.oracle[i].p_conv_do);
    scores.p_v.push_back(rows.oracle[i].p_v);
  }
  return scores;
}

Scores EmptyLike(const Scores& scores) {
  Scores out;
  out.has_group = scores.has_group;
  return out;
}

Evaluation EvaluationOf(const Scores& scores, const Rows& rows) {
  Evaluation evaluation = rows.Evaluate();
  const std::vector<uint32_t> k = {1, 5, 10};
  AddGroupMetrics(scores, k, &evaluation);
  AddLowestTenth(scores, &evaluation);
  return evaluation;
}

std::map<uint64_t, Rows> ByGroup(const Rows& rows, const Scores& scores) {
  std::map<uint64_t, Rows> out;
  for (size_t i = 0; i < rows.click.size(); ++i) {
    Rows& group = out[scores.group[i]];
    group.predictions.push_back(rows.predictions[i]);
    group.click.push_back(rows.click[i]);
    group.conversion.push_back(rows.conversion[i]);
  }
  return out;
}

TEST(RowMetricsTest, GroupAucIsTheWeightedMeanOverGroupsWithBothClasses) {
  const Rows rows = RandomRows(1500, 1);
  const Scores scores = ScoresOf(rows, 1);
  const Evaluation evaluation = EvaluationOf(scores, rows);
  for (const TaskMetrics& t : evaluation.task()) {
    double sum = 0, covered = 0, all = 0;
    uint64_t groups = 0;
    for (const auto& [id, group] : ByGroup(rows, scores)) {
      const ScoredRows task = ScoredRowsOf(group, t.task());
      const auto size = static_cast<double>(task.score.size());
      const double auc = ExactAuc(task.score, task.label);
      all += size;
      if (std::isnan(auc)) continue;
      sum += size * auc;
      covered += size;
      ++groups;
    }
    EXPECT_NEAR(t.gauc(), sum / covered, 1e-10) << t.task();
    EXPECT_NEAR(t.gauc_coverage(), covered / all, 1e-12) << t.task();
    EXPECT_EQ(t.gauc_groups(), groups) << t.task();
  }
  EXPECT_LT(evaluation.task(1).gauc_coverage(), 1) << "some user has clicks of one class only";
  EXPECT_GT(evaluation.groups(), evaluation.task(2).gauc_groups());
}

TEST(RowMetricsTest, RankingEqualsASortOfEveryGroup) {
  const Rows rows = RandomRows(1500, 2, 2);  // many ties, broken by row id
  const Scores scores = ScoresOf(rows, 2);
  const Evaluation evaluation = EvaluationOf(scores, rows);
  ASSERT_EQ(evaluation.ranking_size(), 3);
  for (const RankingMetrics& r : evaluation.ranking()) {
    std::map<uint64_t, std::vector<std::tuple<double, uint64_t, bool>>> groups;
    for (size_t i = 0; i < rows.click.size(); ++i) {
      const double p = Sigma(scores.ctr_logit[i]) * Sigma(scores.cvr_logit[i]);
      groups[scores.group[i]].emplace_back(-std::round(p * 1e9), scores.row_id[i],
                                           scores.conversion[i] != 0);
    }
    double ndcg = 0, recall = 0, count = 0;
    for (auto& [id, group] : groups) {
      std::sort(group.begin(), group.end());
      double gain = 0, best = 0, found = 0, positives = 0;
      for (const auto& row : group) positives += std::get<2>(row);
      if (positives == 0) continue;
      for (size_t p = 0; p < std::min<size_t>(r.k(), group.size()); ++p) {
        const double discount = 1 / std::log2(static_cast<double>(p) + 2);
        gain += std::get<2>(group[p]) ? discount : 0;
        best += static_cast<double>(p) < positives ? discount : 0;
        found += std::get<2>(group[p]);
      }
      ndcg += gain / best;
      recall += found / positives;
      count += 1;
    }
    EXPECT_EQ(static_cast<double>(r.groups()), count);
    EXPECT_NEAR(r.ndcg(), ndcg / count, 1e-11) << r.k();
    EXPECT_NEAR(r.recall(), recall / count, 1e-11) << r.k();
  }
}

TEST(RowMetricsTest, LowestTenthIsThatOfTheModelsOwnPctr) {
  const Rows rows = RandomRows(1005, 3);
  const Scores scores = ScoresOf(rows, 3);
  const Evaluation evaluation = EvaluationOf(scores, rows);
  const OracleMetrics& got = evaluation.oracle(3);
  std::vector<double> sorted = scores.ctr_logit;
  std::sort(sorted.begin(), sorted.end());
  std::vector<double> score, truth;
  double predicted = 0, actual = 0;
  for (size_t i = 0; i < rows.click.size(); ++i) {
    if (scores.ctr_logit[i] > sorted[99]) continue;
    score.push_back(scores.cvr_logit[i]);
    truth.push_back(static_cast<double>(scores.p_conv_do[i]));
    predicted += Sigma(scores.cvr_logit[i]);
    actual += truth.back();
  }
  EXPECT_EQ(got.space(), "L");
  EXPECT_EQ(got.rows(), 100u);
  EXPECT_LE(std::abs(got.auc() - ExactAuc(score, truth)), got.auc_error_bound() + 1e-10);
  EXPECT_NEAR(got.pcoc(), predicted / actual, 1e-10);
}

TEST(RowMetricsTest, TheOrderOfRowsDoesNotMatter) {
  const Rows rows = RandomRows(700, 4, 2);
  const Scores scores = ScoresOf(rows, 4);
  Scores shuffled;
  shuffled.has_group = shuffled.has_oracle = true;
  for (const uint32_t i : RandomPermutation(700, 4, RandomPurpose::kTest, 0, 0)) {
    shuffled.row_id.push_back(scores.row_id[i]);
    shuffled.group.push_back(scores.group[i]);
    shuffled.click.push_back(scores.click[i]);
    shuffled.conversion.push_back(scores.conversion[i]);
    shuffled.ctr_logit.push_back(scores.ctr_logit[i]);
    shuffled.cvr_logit.push_back(scores.cvr_logit[i]);
    shuffled.log_cvr.push_back(scores.log_cvr[i]);
    shuffled.p_conv_do.push_back(scores.p_conv_do[i]);
    shuffled.p_v.push_back(scores.p_v[i]);
  }
  EXPECT_EQ(EvaluationOf(scores, rows).SerializeAsString(),
            EvaluationOf(shuffled, rows).SerializeAsString());
}

TEST(RowMetricsTest, TableShowsGroupsRankingBucketsAndTheLowestTenth) {
  const Rows rows = RandomRows(900, 5);
  const std::string table = FormatEvaluation(EvaluationOf(ScoresOf(rows, 5), rows));
  for (const char* words :
       {"GAUC", "covered", "NDCG", "first 10", "clicked, pCTR", "lowest tenth"}) {
    EXPECT_NE(table.find(words), std::string::npos) << words << "\n" << table;
  }
  EXPECT_EQ(table.find("nan"), std::string::npos) << table;
}

TEST(RowMetricsTest, ExposuresWithoutAGroupAreOfNone) {
  EXPECT_EQ(kNoGroup, IdFromText(""));
  const Rows rows = RandomRows(1500, 3);
  Scores scores = ScoresOf(rows, 3), without = scores;
  without.has_oracle = scores.has_oracle = false;
  const std::vector<uint32_t> k = {5};
  Rows grouped;
  Scores kept = EmptyLike(scores);
  for (size_t i = 0; i < rows.click.size(); ++i) {
    if (i % 3 == 0) {
      without.group[i] = kNoGroup;
      continue;
    }
    grouped.predictions.push_back(rows.predictions[i]);
    grouped.click.push_back(rows.click[i]);
    grouped.conversion.push_back(rows.conversion[i]);
    kept.row_id.push_back(scores.row_id[i]);
    kept.group.push_back(scores.group[i]);
    kept.click.push_back(scores.click[i]);
    kept.conversion.push_back(scores.conversion[i]);
    kept.ctr_logit.push_back(scores.ctr_logit[i]);
    kept.cvr_logit.push_back(scores.cvr_logit[i]);
    kept.log_cvr.push_back(scores.log_cvr[i]);
  }
  Evaluation some = rows.Evaluate(false), all = grouped.Evaluate(false);
  AddGroupMetrics(without, k, &some);
  AddGroupMetrics(kept, k, &all);
  EXPECT_EQ(some.groups(), all.groups());
  for (int t = 0; t < 3; ++t) {
    EXPECT_EQ(some.task(t).gauc(), all.task(t).gauc());
    EXPECT_EQ(some.task(t).gauc_groups(), all.task(t).gauc_groups());
    EXPECT_NEAR(some.task(t).gauc_coverage() * static_cast<double>(some.task(t).rows()),
                all.task(t).gauc_coverage() * static_cast<double>(all.task(t).rows()), 1e-9);
  }
  EXPECT_EQ(some.ranking(0).ndcg(), all.ranking(0).ndcg());
  EXPECT_EQ(some.ranking(0).groups(), all.ranking(0).groups());
}

}  // namespace
}  // namespace chorus::worker::testing
