#pragma once
// The rows of a task on its own space, in the form that worker/statistics takes. Thread safety:
// values.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "worker/metrics/scores.h"
#include "worker/statistics/resampled_metric.h"

namespace chorus::worker {

enum class Task {
  kCtr,    // all exposures, label click
  kCvr,    // clicked exposures, label conversion
  kCtcvr,  // all exposures, label click * conversion
};
inline constexpr size_t kTasks = 3;

// The score that rows of the task are ranked by: a logit. That of kCtcvr is made of logits that are
// cut to +-kMaxLogit (tally.h).
double LogitOf(const Prediction& prediction, Task task);
double ProbabilityOf(const Prediction& prediction, Task task);

struct TaskRows {
  std::vector<double> logit, probability, label;
  std::vector<uint32_t> group;
  std::vector<uint64_t> row_id;
  std::vector<double> weight;  // empty: 1 for all

  MetricRows view() const { return {logit, probability, label, group, row_id, weight}; }
};

// group_of_row: [rows of scores], group numbers from NumberGroups; or empty, which puts every row
// into group 0.
TaskRows RowsOfTask(const Scores& scores, Task task, std::span<const uint32_t> group_of_row);

}  // namespace chorus::worker
