#include "worker/metrics/task_rows.h"

#include <algorithm>

#include "common/check.h"
#include "common/device_math.h"
#include "worker/metrics/tally.h"

namespace chorus::worker {

double LogitOf(const Prediction& p, Task task) {
  return task == Task::kCtr ? p.ctr_logit : task == Task::kCvr ? p.cvr_logit : CtcvrLogit(p);
}

double ProbabilityOf(const Prediction& p, Task task) {
  return task == Task::kCtr ? Sigmoid(p.ctr_logit) : task == Task::kCvr ? PcvrOf(p) : PctcvrOf(p);
}

TaskRows RowsOfTask(const Scores& scores, Task task, std::span<const uint32_t> group_of_row) {
  CHECK(group_of_row.empty() || group_of_row.size() == scores.rows(),
        "group_of_row=", group_of_row.size(), " rows=", scores.rows());
  TaskRows out;
  const auto rows =
      task == Task::kCvr
          ? static_cast<size_t>(std::count(scores.click.begin(), scores.click.end(), 1))
          : scores.rows();
  out.logit.reserve(rows);
  out.probability.reserve(rows);
  out.label.reserve(rows);
  out.group.reserve(rows);
  out.row_id.reserve(rows);
  if (scores.has_weight) out.weight.reserve(rows);
  for (uint64_t i = 0; i < scores.rows(); ++i) {
    if (task == Task::kCvr && scores.click[i] == 0) continue;
    const Prediction p = scores.PredictionOf(i);
    out.logit.push_back(LogitOf(p, task));
    out.probability.push_back(ProbabilityOf(p, task));
    out.label.push_back(task == Task::kCtr ? scores.click[i] : scores.conversion[i]);
    out.group.push_back(group_of_row.empty() ? 0 : group_of_row[i]);
    out.row_id.push_back(scores.row_id[i]);
    if (scores.has_weight) out.weight.push_back(scores.WeightOf(i));
  }
  return out;
}

}  // namespace chorus::worker
