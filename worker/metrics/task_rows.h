#pragma once
// The rows of a task on its own space, as the statistics take them. Thread safety: values.

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

// What rows are ranked by: a logit, cut to +-kMaxLogit (metrics/tally.h).
double LogitOf(const Prediction& prediction, Task task);
double ProbabilityOf(const Prediction& prediction, Task task);

struct TaskRows {
  std::vector<double> logit, probability, label;
  std::vector<uint32_t> group;
  std::vector<uint64_t> row_id;

  MetricRows view() const { return {logit, probability, label, group, row_id}; }
};

// group_of_row: [rows of scores], numbers (NumberGroups), or empty: every row counts as one of
// group 0.
TaskRows RowsOfTask(const Scores& scores, Task task, std::span<const uint32_t> group_of_row);

}  // namespace chorus::worker
