#include "launch/compare/cells.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "launch/compare/column_notes.h"
#include "launch/compare/results.h"

namespace chorus::launch {
namespace {

// Values of one column by method, data set and seed.
class ColumnValues {
 public:
  ColumnValues(const FinishedRuns& finished, const std::vector<RunResult>& results,
               const std::string& column)
      : folds_(static_cast<uint32_t>(finished.plan().config.data_size())),
        seeds_(finished.plan().config.seeds()) {
    for (size_t i = 0; i < results.size(); ++i) {
      const PlannedRun& run = *finished.runs()[i].run;
      if (const RunMetric* const metric = FindMetric(results[i], column)) {
        values_[{run.method, run.fold, run.seed}] = metric->value();
      }
    }
  }

  bool empty() const { return values_.empty(); }
  bool all_zero() const {
    return std::all_of(values_.begin(), values_.end(), [](const auto& x) { return x.second == 0; });
  }

  // The runs of all these methods that have a value.
  RunGrid Grid(const std::vector<uint32_t>& methods) const {
    return GridOf(methods, folds_, seeds_, [&](uint32_t method, uint32_t fold, uint64_t seed) {
      return values_.contains({method, fold, seed});
    });
  }
  double At(uint32_t method, uint32_t fold, uint64_t seed) const {
    return values_.at({method, fold, seed});
  }

 private:
  const uint32_t folds_;
  const uint64_t seeds_;
  std::map<std::tuple<uint32_t, uint32_t, uint64_t>, double> values_;
};

Cell MeanCell(const ColumnValues& values, uint32_t method) {
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
std::optional<worker::CombinedDifference> DifferenceOf(const ColumnValues& values, uint32_t method,
                                                       uint32_t base, const std::string& column,
                                                       const RunGrid& grid,
                                                       const std::vector<Variances>& variances) {
  if (values.Grid({method, base}) != grid) return std::nullopt;
  std::vector<double> sampling;
  for (const Variances& fold : variances) {
    const auto found = fold.find(column);
    if (found == fold.end()) return std::nullopt;
    sampling.push_back(found->second);
  }
  std::vector<double> differences;  // seed by seed, each fold by fold
  for (const uint64_t seed : grid.seeds) {
    for (const uint32_t fold : grid.folds) {
      differences.push_back(values.At(method, fold, seed) - values.At(base, fold, seed));
    }
  }
  return worker::CombineDifferences(differences, sampling);
}

class TableMaker {
 public:
  TableMaker(const FinishedRuns& finished, const std::vector<RunResult>& results)
      : finished_(finished),
        base_(static_cast<uint32_t>(finished.plan().FindMethod(finished.plan().config.base()))) {
    for (Column& column : ColumnsOf(finished.plan().config)) {
      ColumnValues values(finished, results, column.id);
      if (values.empty() || (column.best == Best::kNothing && values.all_zero())) continue;
      table_.notes.push_back(ColumnNote(finished, results, column));
      table_.columns.push_back(std::move(column));
      values_.push_back(std::move(values));
    }
  }

  Result<CompareTable> Make(worker::ThreadPool* pool) {
    Sampler sampler(finished_, base_, table_.columns, pool);
    const CompareConfig& config = finished_.plan().config;
    for (uint32_t method = 0; method < static_cast<uint32_t>(config.method_size()); ++method) {
      TableRow row;
      row.method = method;
      row.reference = config.method(static_cast<int>(method)).reference();
      row.is_base = method == base_;
      for (const ColumnValues& values : values_) row.cells.push_back(MeanCell(values, method));
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
    const RunGrid grid = finished_.CommonRuns({row->method, base_});
    if (grid.empty()) return Status::Ok();
    ASSIGN_OR_RETURN(const std::vector<Variances> variances, sampler->Of(row->method, grid));
    for (size_t c = 0; c < table_.columns.size(); ++c) {
      row->cells[c].difference =
          DifferenceOf(values_[c], row->method, base_, table_.columns[c].id, grid, variances);
    }
    return Status::Ok();
  }

  const FinishedRuns& finished_;
  const uint32_t base_;
  CompareTable table_;
  std::vector<ColumnValues> values_;  // [columns]
};

}  // namespace

Result<CompareTable> MakeTable(const FinishedRuns& finished, const std::vector<RunResult>& results,
                               worker::ThreadPool* pool) {
  return TableMaker(finished, results).Make(pool);
}

}  // namespace chorus::launch
