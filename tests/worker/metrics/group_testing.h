#pragma once
// Metrics by group for scores that are all in memory.

#include <span>

#include "worker/metrics/grouped_rows.h"
#include "worker/metrics/scores.h"

namespace chorus::worker::testing {

inline GroupedRow GroupedRowOf(const Scores& scores, uint64_t i) {
  GroupedRow row;
  row.group = scores.group[i];
  row.row_id = scores.row_id[i];
  for (const Task task : {Task::kCtr, Task::kCvr, Task::kCtcvr}) {
    row.logit[static_cast<size_t>(task)] = LogitOf(scores.PredictionOf(i), task);
  }
  row.weight = static_cast<float>(scores.WeightOf(i));
  row.click = scores.click[i];
  row.conversion = scores.conversion[i];
  return row;
}

// What an evaluation by one worker adds.
inline void AddGroupMetrics(const Scores& scores, std::span<const uint32_t> k,
                            Evaluation* evaluation) {
  GroupedRows rows;
  for (uint64_t i = 0; i < scores.rows(); ++i) {
    if (scores.group[i] != kNoGroup) rows.Add(GroupedRowOf(scores, i));
  }
  rows.TakeSums(k, 1).AddTo(evaluation);
}

}  // namespace chorus::worker::testing
