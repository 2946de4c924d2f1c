#pragma once
// The exposures of one run as its columns look at them, and the metric that each column makes of
// them: one definition for the number in the table and for the draws behind its interval.
// Thread safety: none.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "common/compare.pb.h"
#include "launch/compare/columns.h"
#include "launch/compare/run_scores.h"
#include "worker/metrics/task_rows.h"
#include "worker/statistics/group_values.h"
#include "worker/statistics/resampled_metric.h"

namespace chorus::launch {

class RunRows {
 public:
  // `run` outlives this. reference: what it says of clicks is not looked at.
  RunRows(const RunScores& run, bool reference);

  // Whether the column has rows here: the log has groups, the truth is known, ... where it needs them.
  bool Has(const Column& column) const;
  // Made when first asked for, and kept until another set is. REQUIRES: Has of a column with this set.
  const worker::TaskRows& Of(RowSet set);
  // Ready to be drawn again by groups().  REQUIRES: Has(column).
  std::unique_ptr<worker::ResampledMetric> Metric(const Column& column);
  // The column's number for this run; absent: it has no rows or is undefined.
  std::optional<RunMetric> Value(const Column& column);

  // Of the log's group column; without one every exposure is a group.
  const worker::GroupNumbers& groups() const { return groups_; }

 private:
  std::vector<uint32_t> RowsIn(RowSet set) const;
  std::vector<uint64_t> FieldOf(RowSet set) const;
  void AddCoverage(const Column& column, RunMetric* metric);

  const RunScores& run_;
  const bool reference_;
  const worker::GroupNumbers groups_;
  std::optional<RowSet> set_;  // of rows_
  worker::TaskRows rows_;
};

}  // namespace chorus::launch
