#include "worker/metrics/row_metrics.h"

#include <algorithm>
#include <array>

#include "common/check.h"
#include "worker/metrics/tally.h"
#include "worker/metrics/task_rows.h"
#include "worker/statistics/group_values.h"
#include "worker/statistics/order.h"

namespace chorus::worker {
namespace {

constexpr std::array<Task, 3> kTasks = {Task::kCtr, Task::kCvr, Task::kCtcvr};

// The scores of the exposures that have a group.
Scores Grouped(const Scores& scores) {
  Scores out;
  out.has_group = true;
  out.has_weight = scores.has_weight;
  for (uint64_t i = 0; i < scores.rows(); ++i) {
    if (scores.group[i] == kNoGroup) continue;
    out.row_id.push_back(scores.row_id[i]);
    out.group.push_back(scores.group[i]);
    out.click.push_back(scores.click[i]);
    out.conversion.push_back(scores.conversion[i]);
    out.ctr_logit.push_back(scores.ctr_logit[i]);
    out.cvr_logit.push_back(scores.cvr_logit[i]);
    out.log_cvr.push_back(scores.log_cvr[i]);
    if (scores.has_weight) out.weight.push_back(scores.weight[i]);
  }
  return out;
}

double WeightOfTask(const TaskMetrics& task) {
  return task.has_weight() ? task.weight() : static_cast<double>(task.rows());
}

void AddGroupMetricsOf(const Scores& scores, std::span<const uint32_t> k, Evaluation* evaluation) {
  const GroupNumbers numbers = NumberGroups(scores.group);
  const auto groups = static_cast<uint32_t>(numbers.ids.size());
  evaluation->set_groups(groups);
  for (size_t t = 0; t < kTasks.size(); ++t) {
    const TaskRows rows = RowsOfTask(scores, kTasks[t], numbers.of_row);
    const GroupRanking ranking = RankGroups(rows.view(), groups);
    const GroupValues auc = AucOfGroups(rows.view(), ranking);
    TaskMetrics* task = evaluation->mutable_task(static_cast<int>(t));
    task->set_gauc_groups(auc.groups_counted());
    if (const auto mean = auc.Mean()) {
      task->set_gauc(*mean);
      task->set_gauc_coverage(auc.total_weight() / WeightOfTask(*task));
    }
    if (kTasks[t] != Task::kCtcvr) continue;
    for (const uint32_t first : k) {
      const GroupValues ndcg = NdcgOfGroups(rows.view(), ranking, first);
      RankingMetrics* out = evaluation->add_ranking();
      out->set_k(first);
      out->set_groups(ndcg.groups_counted());
      if (const auto mean = ndcg.Mean()) out->set_ndcg(*mean);
      if (const auto mean = RecallOfGroups(rows.view(), ranking, first).Mean()) {
        out->set_recall(*mean);
      }
    }
  }
}

}  // namespace

void AddGroupMetrics(const Scores& scores, std::span<const uint32_t> k, Evaluation* evaluation) {
  CHECK(scores.has_group, "no groups");
  CHECK(evaluation->task_size() == static_cast<int>(kTasks.size()),
        "tasks=", evaluation->task_size());
  const bool all = std::count(scores.group.begin(), scores.group.end(), kNoGroup) == 0;
  AddGroupMetricsOf(all ? scores : Grouped(scores), k, evaluation);
}

void AddLowestTenth(const Scores& scores, Evaluation* evaluation) {
  CHECK(scores.has_oracle, "no truth");
  if (scores.rows() == 0) return;
  OracleTally tally;
  for (const uint32_t i : LowestPart(scores.ctr_logit, scores.row_id, 10)) {
    OracleRow truth;
    truth.p_conv_do = scores.p_conv_do[i];
    truth.p_v = scores.p_v[i];
    tally.Add(scores.PredictionOf(i), truth);
  }
  *evaluation->add_oracle() = ReportOracle("L", tally);
}

}  // namespace chorus::worker
