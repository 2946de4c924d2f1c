#include "launch/compare/cells.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "launch/compare/column_notes.h"
#include "launch/compare/column_runs.h"
#include "launch/compare/missing_columns.h"

namespace chorus::launch {
namespace {

Cell MeanCell(const ColumnRuns& values, uint32_t method) {
  Cell cell;
  std::vector<double> means;  // over data sets, by seed
  const RunGrid grid = values.Grid({method});
  for (const uint64_t seed : grid.seeds) {
    double sum = 0;
    for (const uint32_t fold : grid.folds) sum += values.At(method, fold, seed);
    means.push_back(sum / static_cast<double>(grid.folds.size()));
  }
  cell.seeds = static_cast<uint32_t>(means.size());
  for (const double mean : means) cell.mean += mean / static_cast<double>(means.size());
  if (means.size() < 2) return cell;
  double squares = 0;
  for (const double mean : means) squares += (mean - cell.mean) * (mean - cell.mean);
  cell.sd = std::sqrt(squares / static_cast<double>(means.size() - 1));
  return cell;
}

// variances: [grid.folds].
worker::CombinedDifference DifferenceOf(const ColumnRuns& values, uint32_t method, uint32_t base,
                                        const RunGrid& grid, const std::vector<double>& variances) {
  std::vector<double> differences;  // seed by seed, each fold by fold
  for (const uint64_t seed : grid.seeds) {
    for (const uint32_t fold : grid.folds) {
      differences.push_back(values.At(method, fold, seed) - values.At(base, fold, seed));
    }
  }
  return worker::CombineDifferences(differences, variances);
}

class TableMaker {
 public:
  TableMaker(const FinishedRuns& finished, const std::vector<RunResult>& results)
      : finished_(finished),
        base_(static_cast<uint32_t>(finished.plan().FindMethod(finished.plan().config.base()))) {
    for (Column& column : ColumnsOf(finished.plan().config)) {
      ColumnRuns values(finished, results, column.id);
      if (values.empty()) missing_.push_back(column);
      if (values.empty() || (column.best == Best::kNothing && values.all_zero())) continue;
      table_.notes.push_back(ColumnNote(finished, results, column, values) + values.LeftOut(base_));
      table_.columns.push_back(std::move(column));
      values_.push_back(std::move(values));
    }
  }

  Result<CompareTable> Make(worker::ThreadPool* pool) {
    ASSIGN_OR_RETURN(table_.missing, MissingNotes(finished_, missing_));
    Sampler sampler(finished_, base_, table_.columns, pool);
    const CompareConfig& config = finished_.plan().config;
    for (uint32_t method = 0; method < static_cast<uint32_t>(config.method_size()); ++method) {
      TableRow row;
      row.method = method;
      row.reference = config.method(static_cast<int>(method)).reference();
      row.is_base = method == base_;
      for (const ColumnRuns& values : values_) row.cells.push_back(MeanCell(values, method));
      const bool any = std::any_of(row.cells.begin(), row.cells.end(),
                                   [](const Cell& cell) { return cell.seeds > 0; });
      if (!any) continue;
      if (!row.is_base) RETURN_IF_ERROR(AddDifferences(&sampler, &row));
      table_.rows.push_back(std::move(row));
    }
    return std::move(table_);
  }

 private:
  Status AddDifferences(Sampler* sampler, TableRow* row) {
    std::vector<RunGrid> grids;  // [columns]
    for (const ColumnRuns& values : values_) grids.push_back(values.Grid({row->method, base_}));
    ASSIGN_OR_RETURN(const std::vector<ColumnVariances> variances, sampler->Of(row->method, grids));
    for (size_t c = 0; c < table_.columns.size(); ++c) {
      if (grids[c].empty() || !variances[c].has_value()) continue;
      row->cells[c].difference =
          DifferenceOf(values_[c], row->method, base_, grids[c], *variances[c]);
      row->cells[c].has_few_positives = table_.columns[c].counts_positives() &&
                                        values_[c].PositivesOf(grids[c].folds) < kFewestPositives;
    }
    return Status::Ok();
  }

  const FinishedRuns& finished_;
  const uint32_t base_;
  CompareTable table_;
  std::vector<ColumnRuns> values_;  // [columns]
  std::vector<Column> missing_;     // without a value in any run
};

}  // namespace

Result<CompareTable> MakeTable(const FinishedRuns& finished, const std::vector<RunResult>& results,
                               worker::ThreadPool* pool) {
  return TableMaker(finished, results).Make(pool);
}

}  // namespace chorus::launch
