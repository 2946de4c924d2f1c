#pragma once
// The exposures of one run as its columns look at them. Thread safety: none.

#include <cstdint>
#include <optional>
#include <vector>

#include "launch/compare/columns.h"
#include "launch/compare/run_scores.h"
#include "worker/metrics/task_rows.h"
#include "worker/statistics/group_values.h"

namespace chorus::launch {

class RunRows {
 public:
  // `run` outlives this. reference: what it says of clicks is not looked at.
  RunRows(const RunScores& run, bool reference);

  // Whether the column has rows here: the log has groups, the truth is known, ... where it needs
  // them.
  bool Has(const Column& column) const;
  // Made when first asked for, and kept until another set is.  REQUIRES: Has of a column with this
  // set.
  const worker::TaskRows& Of(RowSet set);
  // The field's values of the rows of Of(set).  REQUIRES: the run has a field.
  std::vector<uint64_t> FieldOf(RowSet set) const;

  // Of the log's group column; without one every exposure is a group.
  const worker::GroupNumbers& groups() const { return groups_; }

 private:
  std::vector<uint32_t> RowsIn(RowSet set) const;

  const RunScores& run_;
  const bool reference_;
  const worker::GroupNumbers groups_;
  std::optional<RowSet> set_;  // of rows_
  worker::TaskRows rows_;
};

}  // namespace chorus::launch
