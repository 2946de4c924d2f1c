#include "launch/compare/measure/cells.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>
#include <utility>

#include "common/strings.h"
#include "launch/compare/measure/results.h"
#include "launch/compare/measure/sampling.h"

namespace chorus::launch {
namespace {

using Values = std::map<std::tuple<int, int, uint64_t>, double>;  // by method, fold, seed

// The runs over which a mean, or the difference of two methods, is taken: those with a value among
// the runs that all these methods have. A data set counts if each method has a value there, and a
// seed if all have one on those data sets.
RunGrid GridWithValues(const FinishedRuns& finished, const Values& values,
                       const std::vector<int>& methods) {
  const RunGrid runs = finished.CommonRuns(methods);
  return GridOf(methods, finished.config().data_size(), finished.config().seeds(),
                [&](int method, int fold, uint64_t seed) {
                  return std::count(runs.folds.begin(), runs.folds.end(), fold) > 0 &&
                         std::count(runs.seeds.begin(), runs.seeds.end(), seed) > 0 &&
                         values.contains({method, fold, seed});
                });
}

std::optional<double> AucCeilingOf(const RunResult& result, const Column& column) {
  if (!column.is_truth() || column.measure != Measure::kAuc) return std::nullopt;
  for (const OracleMetrics& oracle : result.evaluation().oracle()) {
    if (column.id.ends_with("_" + oracle.space()) && oracle.has_auc_ceiling()) {
      return oracle.auc_ceiling();
    }
  }
  return std::nullopt;
}

Cell MeanCell(const FinishedRuns& finished, const Values& values, int method) {
  Cell cell;
  cell.runs = GridWithValues(finished, values, {method});
  std::vector<double> means;  // over data sets, by seed
  for (const uint64_t seed : cell.runs.seeds) {
    double sum = 0;
    for (const int fold : cell.runs.folds) sum += values.at({method, fold, seed});
    means.push_back(sum / static_cast<double>(cell.runs.folds.size()));
  }
  for (const double mean : means) cell.mean += mean / static_cast<double>(means.size());
  if (means.size() < 2) return cell;
  double squares = 0;
  for (const double mean : means) squares += (mean - cell.mean) * (mean - cell.mean);
  cell.sd = std::sqrt(squares / static_cast<double>(means.size() - 1));
  return cell;
}

Status AddDifference(const FinishedRuns& finished, const TableColumn& column, const Values& values,
                     int method, int base, Sampler* sampler, Cell* cell) {
  const RunGrid grid = GridWithValues(finished, values, {method, base});
  if (grid.empty()) return Status::Ok();
  ASSIGN_OR_RETURN(const ColumnVariances variances, sampler->Of(column, method, grid));
  if (!variances.has_value()) return Status::Ok();
  std::vector<double> differences;  // seed by seed, each fold by fold
  for (const uint64_t seed : grid.seeds) {
    for (const int fold : grid.folds) {
      differences.push_back(values.at({method, fold, seed}) - values.at({base, fold, seed}));
    }
  }
  cell->difference = worker::CombineDifferences(differences, *variances);
  cell->has_few_positives =
      column.counts_positives() && PositivesOf(column, grid.folds) < kFewestPositives;
  return Status::Ok();
}

// Marks the cells where a method is no better than a constant.
void MarkConstants(const std::vector<TableColumn>& columns, TableRow* row) {
  std::set<worker::Task> poor;  // tasks whose normalised entropy is 1 or more
  for (size_t c = 0; c < columns.size(); ++c) {
    const bool is_entropy = columns[c].measure == Measure::kNormalizedEntropy;
    const Cell& cell = row->cells[c];
    if (is_entropy && !cell.runs.empty() && cell.mean >= 1) poor.insert(columns[c].rows.by);
  }
  for (size_t c = 0; c < columns.size(); ++c) {
    Cell& cell = row->cells[c];
    cell.worse_than_constant = (columns[c].is_ranking() && cell.mean <= 0.5) ||
                               (columns[c].is_calibration() && poor.contains(columns[c].rows.by));
  }
}

// What is present at all in the test logs and the runs of a comparison.
struct Contents {
  bool clicked = false, unclicked = false, converted = false, unconverted = false;
  bool group = false, oracle = false;
  bool own = false;         // runs of methods that are no references
  bool common_ctr = false;  // runs whose pCTR is used for all methods
};

Result<Contents> ContentsOf(const FinishedRuns& finished) {
  const std::string& common_ctr = finished.config().common_ctr();
  Contents contents;
  std::set<int> folds;  // those that were looked at
  for (const FinishedRun& run : finished.runs()) {
    const CompareMethod& method = finished.plan().method(*run.run);
    contents.own |= !method.reference();
    contents.common_ctr |= common_ctr.empty() || method.name() == common_ctr;
    if (!folds.insert(run.run->fold).second) continue;
    ASSIGN_OR_RETURN(const worker::Scores scores, finished.ScoresOf(run));
    contents.group |= scores.has_group;
    contents.oracle |= scores.has_oracle;
    for (uint64_t i = 0; i < scores.rows(); ++i) {
      const bool clicked = scores.click[i] != 0, converted = scores.conversion[i] != 0;
      (clicked ? contents.clicked : contents.unclicked) = true;
      if (clicked) (converted ? contents.converted : contents.unconverted) = true;
    }
  }
  return contents;
}

// Why a column has no value; "": it is not mentioned.
std::string WhyMissing(const Column& column, const Contents& contents, const std::string& common) {
  const bool of_clicks = column.rows.label == RowSet::Label::kClick;
  if (column.is_truth() && !contents.oracle) return "";
  if (column.needs_pctr() && !contents.own) return "only references are finished";
  if (column.needs_common_ctr() && !contents.common_ctr) {
    return StrCat("no run of ", common, ", whose pCTR it takes, is finished");
  }
  if (column.needs_groups() && !contents.group) return "the test logs have no group column";
  if (column.rows.part == RowSet::Part::kUnclicked || (of_clicks && contents.clicked)) {
    if (!contents.unclicked) return "every exposure of the test logs is clicked";
  } else if (!contents.clicked && (!column.is_truth() || column.needs_clicks())) {
    return "no exposure of the test logs is clicked";
  } else if (!contents.converted && !column.is_truth()) {
    return "no click of the test logs converts";
  } else if (!contents.unconverted && column.needs_clicks() && !column.is_truth()) {
    return "every click of the test logs converts";
  }
  if (column.measure == Measure::kGroupAuc) return "no group has both labels";
  return "undefined on every test log";
}

Result<std::vector<MissingColumn>> Missing(const FinishedRuns& finished,
                                           const std::vector<Column>& columns) {
  std::vector<MissingColumn> missing;
  if (columns.empty()) return missing;
  ASSIGN_OR_RETURN(const Contents contents, ContentsOf(finished));
  for (const Column& column : columns) {
    const std::string why = WhyMissing(column, contents, finished.config().common_ctr());
    if (!why.empty()) missing.push_back({column.title, why});
  }
  return missing;
}

}  // namespace

uint64_t PositivesOf(const TableColumn& column, const std::vector<int>& folds) {
  uint64_t positives = 0;
  for (const int fold : folds) positives += column.folds.at(fold).metric.positives();
  return positives;
}

Result<CompareTable> MakeTable(const FinishedRuns& finished, const std::vector<RunResult>& results,
                               worker::ThreadPool* pool) {
  const CompareConfig& config = finished.config();
  const int base = FindMethod(config, config.base());
  CompareTable table;
  std::vector<Values> values;   // [table.columns]
  std::vector<Column> missing;  // without a value in any run
  for (const Column& column : ColumnsOf(config)) {
    TableColumn shown{column, {}};
    Values of_runs;
    for (size_t i = 0; i < results.size(); ++i) {
      const RunMetric* const metric = FindMetric(results[i], column.id);
      if (metric == nullptr) continue;
      const PlannedRun& run = *finished.runs()[i].run;
      of_runs[{run.method, run.fold, run.seed}] = metric->value();
      shown.folds.emplace(run.fold, FoldFacts{*metric, AucCeilingOf(results[i], column)});
    }
    const bool all_zero = std::all_of(of_runs.begin(), of_runs.end(),
                                      [](const auto& value) { return value.second == 0; });
    if (of_runs.empty()) missing.push_back(column);
    if (of_runs.empty() || (column.best == Best::kNothing && all_zero)) continue;
    table.columns.push_back(std::move(shown));
    values.push_back(std::move(of_runs));
  }
  ASSIGN_OR_RETURN(table.missing, Missing(finished, missing));
  Sampler sampler(finished, base, {table.columns.begin(), table.columns.end()}, pool);
  for (int method = 0; method < config.method_size(); ++method) {
    TableRow row{method, config.method(method).reference(), method == base, {}};
    for (const Values& of_runs : values) row.cells.push_back(MeanCell(finished, of_runs, method));
    const bool any = std::any_of(row.cells.begin(), row.cells.end(),
                                 [](const Cell& cell) { return !cell.runs.empty(); });
    if (!any && finished.FailuresOf(method) == 0) continue;
    MarkConstants(table.columns, &row);
    for (size_t c = 0; c < table.columns.size() && !row.is_base; ++c) {
      RETURN_IF_ERROR(AddDifference(finished, table.columns[c], values[c], method, base, &sampler,
                                    &row.cells[c]));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace chorus::launch
