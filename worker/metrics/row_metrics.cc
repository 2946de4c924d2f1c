#include "worker/metrics/row_metrics.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <tuple>

#include "common/check.h"
#include "worker/metrics/tally.h"
#include "worker/metrics/task_rows.h"
#include "worker/statistics/group_values.h"

namespace chorus::worker {
namespace {

constexpr std::array<Task, 3> kTasks = {Task::kCtr, Task::kCvr, Task::kCtcvr};

}  // namespace

void AddGroupMetrics(const Scores& scores, std::span<const uint32_t> k, Evaluation* evaluation) {
  CHECK(scores.has_group, "no groups");
  CHECK(evaluation->task_size() == static_cast<int>(kTasks.size()),
        "tasks=", evaluation->task_size());
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
      task->set_gauc_coverage(auc.total_weight() / static_cast<double>(rows.logit.size()));
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

// The rows / 10 exposures (at least one) with the lowest pCTR; ties by row id, then by what else differs.
void AddLowestTenth(const Scores& scores, Evaluation* evaluation) {
  CHECK(scores.has_oracle, "no truth");
  if (scores.rows() == 0) return;
  std::vector<uint64_t> order(scores.rows());
  std::iota(order.begin(), order.end(), uint64_t{0});
  const auto key = [&](uint64_t i) {
    return std::tuple(scores.ctr_logit[i], scores.row_id[i], scores.cvr_logit[i], scores.log_cvr[i],
                      scores.p_conv_do[i], scores.p_v[i]);
  };
  const auto count = static_cast<std::ptrdiff_t>(std::max<uint64_t>(scores.rows() / 10, 1));
  std::nth_element(order.begin(), order.begin() + (count - 1), order.end(),
                   [&](uint64_t i, uint64_t j) { return key(i) < key(j); });
  OracleTally tally;
  for (std::ptrdiff_t n = 0; n < count; ++n) {
    const uint64_t i = order[static_cast<size_t>(n)];
    OracleRow truth;
    truth.p_conv_do = scores.p_conv_do[i];
    truth.p_v = scores.p_v[i];
    tally.Add(scores.PredictionOf(i), truth);
  }
  *evaluation->add_oracle() = ReportOracle("L", tally);
}

}  // namespace chorus::worker
