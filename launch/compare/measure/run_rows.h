#pragma once
// The scores of one run for the exposures of its test log, and the rows that a column looks at.
// Thread safety: none.

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "launch/compare/measure/columns.h"
#include "launch/compare/run/finished_runs.h"
#include "worker/metrics/scores.h"
#include "worker/metrics/task_rows.h"
#include "worker/statistics/group_values.h"

namespace chorus::launch {

struct RunScores {
  worker::Scores scores;
  std::vector<double> common_ctr;  // logits [rows]; empty: this run has none
  std::vector<uint64_t> field;     // ids of CompareConfig.field [rows]; empty: none is configured
};

// The run whose pCTR is used in place of this run's: that of the common CTR net with the same seed
// and data set, or the run itself where the comparison has no common net. Null: that run is not
// finished, or its pCTR has no meaning (a reference).
const FinishedRun* CommonCtrRun(const FinishedRuns& finished, const FinishedRun& run);

// The checksum of what tells one test log from another: the exposures, their labels and groups.
uint64_t LogChecksum(const worker::Scores& scores);
// a, b: LogChecksum of the runs' scores. Error: kFailedPrecondition, which names both score files,
// when they are of different logs.
Status CheckSameLog(const FinishedRun& run_a, uint64_t a, const FinishedRun& run_b, uint64_t b);

class RunScoresReader {
 public:
  // `finished` outlives the reader.
  explicit RunScoresReader(const FinishedRuns& finished) : finished_(finished) {}

  // Errors: those of CheckSameLog for run and common run, and of ReadSlot; kFailedPrecondition when
  // an exposure is not in the test log.
  Result<RunScores> Read(const FinishedRun& run);

 private:
  Result<std::vector<uint64_t>> FieldOf(const FinishedRun& run, const worker::Scores& scores);

  const FinishedRuns& finished_;
  std::map<int, SlotIds> slots_;  // by data set, read once
};

class RunRows {
 public:
  // `run` outlives this. reference: the run is a reference, whose predictions of clicks are not
  // looked at.
  RunRows(const RunScores& run, bool reference);

  // Whether the column has rows here: if it needs groups, the log has some; if it needs the truth,
  // that is known; and so on.
  bool Has(const Column& column) const;
  // The rows of a set: made when first asked for, and kept until another set is asked for.
  // REQUIRES: Has is true of a column with this set.
  const worker::TaskRows& Of(const RowSet& set);
  // The field's values of the rows of Of(set).  REQUIRES: the run has a field.
  std::vector<uint64_t> FieldOf(const RowSet& set) const;

  // The sum of the weights of the set's exposures, with those that have no group.
  double WeightOf(RowSet set) const;

  // The groups of the log's group column; an exposure without a group is a group by itself.
  const worker::GroupNumbers& groups() const { return groups_; }

 private:
  std::vector<uint32_t> RowsOfPart(RowSet::Part part) const;
  std::vector<uint32_t> RowsIn(const RowSet& set) const;

  const RunScores& run_;
  const bool reference_;
  const worker::GroupNumbers groups_;
  std::optional<RowSet> set_;  // of rows_
  worker::TaskRows rows_;
};

}  // namespace chorus::launch
