#pragma once
// The table of a comparison: a row per method, a cell per column.
//   mean, sd    over seeds; of each seed the mean over data sets counts. Data sets on which the
//               column has no value are left out, and named in its note.
//   difference  to the base, paired by seed and data set, of those where both have a value, with
//               its 95 % interval (worker/statistics/combine.h); significant: it excludes 0, and
//               is of enough clicks or conversions to be trusted, and the method is better there
//               than a constant
// Thread safety: values.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/compare.pb.h"
#include "launch/compare/measure/columns.h"
#include "launch/compare/run/finished_runs.h"
#include "worker/math/thread_pool.h"
#include "worker/statistics/combine.h"

namespace chorus::launch {

// An interval over fewer clicks or conversions than this is not trusted: DeLong's variance and the
// bootstrap hold for many.
constexpr uint64_t kFewestPositives = 30;

struct Cell {
  RunGrid runs;  // behind mean and sd; empty: so is the cell
  double mean = 0;
  std::optional<double> sd;  // from two seeds on
  std::optional<worker::CombinedDifference> difference;
  bool has_few_positives = false;  // fewer than kFewestPositives are behind the difference
  // The method does no better here than a constant: its AUC is 0.5 or less or, in columns of losses
  // and calibration, its normalised entropy is 1 or more.
  bool worse_than_constant = false;

  // With one seed, nothing is known about the error of an exact column's difference.
  bool has_interval() const { return difference.has_value() && difference->standard_error > 0; }
  // Never with one seed: the interval then covers only the sampling of the test set.
  bool significant() const {
    return has_interval() && difference->seed_variance.has_value() && !has_few_positives &&
           !worse_than_constant && !difference->interval.Contains(0);
  }
};

struct TableRow {
  int method = 0;
  bool reference = false;
  bool is_base = false;
  std::vector<Cell> cells;  // [columns]
};

// The facts of a column that are the same for all runs on a data set, since labels or features
// alone decide them.
struct FoldFacts {
  RunMetric metric;                   // of the first run with a value: positives, groups, coverage
  std::optional<double> auc_ceiling;  // the AUC that the features allow, of the truth's columns
};

struct TableColumn : Column {
  std::map<int, FoldFacts> folds;  // with a value
};

// A column without a value in any run.
struct MissingColumn {
  std::string title;
  std::string why;  // "no exposure of the test logs is clicked"
};

struct CompareTable {
  std::vector<TableColumn> columns;    // those that some run has
  std::vector<MissingColumn> missing;  // without those of a truth that no data set has
  std::vector<TableRow> rows;  // in the configuration's order; methods with finished or failed runs
};

// The clicks or conversions behind a column on these data sets.
uint64_t PositivesOf(const TableColumn& column, const std::vector<int>& folds);

// results: of all finished runs, in their order. pool: for the bootstrap. Errors: those of Sampler.
Result<CompareTable> MakeTable(const FinishedRuns& finished, const std::vector<RunResult>& results,
                               worker::ThreadPool* pool);

}  // namespace chorus::launch
