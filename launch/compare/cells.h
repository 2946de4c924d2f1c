#pragma once
// The table of a comparison: a row a method, a cell a column.
//   mean, sd    over seeds; of each seed the mean over data sets counts. Data sets on which the
//               column has no value are left out, and named in its note.
//   difference  to the base, paired by seed and data set, of those where both have a value, with
//               its 95 % interval (worker/statistics/combine.h); significant: it excludes 0, and
//               is of enough clicks or conversions to be trusted
// Thread safety: values.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/compare.pb.h"
#include "launch/compare/columns.h"
#include "launch/compare/finished_runs.h"
#include "launch/compare/sampling.h"
#include "worker/statistics/combine.h"

namespace chorus::launch {

// An interval of fewer clicks or conversions is not trusted: DeLong's variance and the bootstrap
// hold for many.
constexpr uint64_t kFewestPositives = 30;

struct Cell {
  uint32_t seeds = 0;  // behind mean and sd; 0: the cell is empty
  double mean = 0;
  std::optional<double> sd;  // from two seeds on
  std::optional<worker::CombinedDifference> difference;
  bool has_few_positives = false;  // fewer than kFewestPositives are behind the difference

  // Nothing is known about the error of an exact column's difference with one seed.
  bool has_interval() const { return difference.has_value() && difference->standard_error > 0; }
  // With one seed the interval knows of the test set alone: never.
  bool significant() const {
    return has_interval() && difference->seed_variance.has_value() && !has_few_positives &&
           !difference->interval.Contains(0);
  }
};

struct TableRow {
  uint32_t method = 0;
  bool reference = false;
  bool is_base = false;
  std::vector<Cell> cells;  // [columns]
};

struct CompareTable {
  std::vector<Column> columns;       // those that some run has
  std::vector<std::string> notes;    // [columns], see ColumnNote and ColumnRuns.LeftOut
  std::vector<std::string> missing;  // MissingNotes of the columns that no run has
  std::vector<TableRow> rows;        // in the configuration's order; methods with finished runs
};

// results: of all finished runs. pool: for the bootstrap.
Result<CompareTable> MakeTable(const FinishedRuns& finished, const std::vector<RunResult>& results,
                               worker::ThreadPool* pool);

}  // namespace chorus::launch
