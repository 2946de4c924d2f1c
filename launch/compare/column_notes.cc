#include "launch/compare/column_notes.h"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "common/strings.h"
#include "launch/compare/results.h"
#include "launch/compare/table_text.h"

namespace chorus::launch {
namespace {

// The first finished run of each data set that has the column: what depends on labels alone is
// equal in all of them.
std::map<uint32_t, const RunResult*> RunOfEachFold(const FinishedRuns& finished,
                                                   const std::vector<RunResult>& results,
                                                   const Column& column) {
  std::map<uint32_t, const RunResult*> runs;
  for (size_t i = 0; i < results.size(); ++i) {
    if (FindMetric(results[i], column.id) == nullptr) continue;
    runs.emplace(finished.runs()[i].run->fold, &results[i]);
  }
  return runs;
}

// "; fold a: TEXT; fold b: TEXT", the folds unnamed where there is one alone.
std::string ForEachFold(const std::map<uint32_t, const RunResult*>& runs,
                        const CompareConfig& config,
                        const std::function<std::string(const RunResult&)>& text_of) {
  std::string out;
  for (const auto& [fold, result] : runs) {
    const std::string text = text_of(*result);
    if (text.empty()) continue;
    out += "; ";
    if (config.data_size() > 1) {
      out += StrCat("data set ", config.data(static_cast<int>(fold)).name(), ": ");
    }
    out += text;
  }
  return out;
}

std::string GroupsOf(const RunResult& result, const Column& column) {
  const RunMetric& metric = *FindMetric(result, column.id);
  if (!column.needs_groups()) return "";
  const std::string groups = NumberOf(metric.groups(), "group") + " with ";
  if (!metric.has_coverage()) return groups + "a conversion";
  return StrCat(groups, FixedText(100 * metric.coverage(), 1), " % of the exposures");
}

std::string CeilingOf(const RunResult& result, const Column& column) {
  if (!column.is_truth() || column.measure != Measure::kAuc) return "";
  for (const OracleMetrics& oracle : result.evaluation().oracle()) {
    if (!column.id.ends_with("_" + oracle.space()) || !oracle.has_auc_ceiling()) continue;
    return StrCat("the features allow ", FixedText(oracle.auc_ceiling(), 4));
  }
  return "";
}

// "621 conversions"
std::string Positives(const Column& column, const ColumnRuns& values,
                      const std::vector<uint32_t>& folds) {
  return NumberOf(values.PositivesOf(folds), column.rows == RowSet::kCtr ? "click" : "conversion");
}

// The data sets of each row's mean, and whose they are.
std::vector<std::pair<std::vector<uint32_t>, std::vector<std::string>>> RowsOfFolds(
    const CompareConfig& config, const ColumnRuns& values) {
  std::vector<std::pair<std::vector<uint32_t>, std::vector<std::string>>> rows;
  for (uint32_t method = 0; method < static_cast<uint32_t>(config.method_size()); ++method) {
    const std::vector<uint32_t> folds = values.Grid({method}).folds;
    if (folds.empty()) continue;
    const auto same =
        std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return row.first == folds; });
    (same != rows.end() ? *same : rows.emplace_back(folds, std::vector<std::string>()))
        .second.push_back(config.method(static_cast<int>(method)).name());
  }
  return rows;
}

// " (621 conversions)", or " (BASE: 621 conversions on data sets a, b; ESMM: 320 on ...)".
std::string Behind(const Column& column, const CompareConfig& config, const ColumnRuns& values) {
  if (column.is_truth()) return " (exact)";
  if (!column.counts_positives()) return "";
  const auto rows = RowsOfFolds(config, values);
  std::vector<std::string> parts;
  for (const auto& [folds, methods] : rows) {
    std::string part = Positives(column, values, folds);
    if (rows.size() > 1) {
      std::vector<std::string> names;
      for (const uint32_t f : folds) names.push_back(config.data(static_cast<int>(f)).name());
      part = StrCat(Join(methods, ", "), ": ", part, " on data set", names.size() == 1 ? " " : "s ",
                    Join(names, ", "));
    }
    parts.push_back(std::move(part));
  }
  return parts.empty() ? "" : StrCat(" (", Join(parts, "; "), ")");
}

std::string BestText(const Column& column) {
  switch (column.best) {
    case Best::kHigh:
    case Best::kNothing:
      return "";
    case Best::kLow:
      return "; lower is better";
    case Best::kOne:
      return "; 1 is right";
  }
  return "";
}

}  // namespace

std::string ColumnNote(const FinishedRuns& finished, const std::vector<RunResult>& results,
                       const Column& column, const ColumnRuns& values) {
  const CompareConfig& config = finished.plan().config;
  const auto runs = RunOfEachFold(finished, results, column);
  return StrCat(
      column.about, Behind(column, config, values), BestText(column),
      ForEachFold(runs, config, [&](const RunResult& run) { return GroupsOf(run, column); }),
      ForEachFold(runs, config, [&](const RunResult& run) { return CeilingOf(run, column); }));
}

}  // namespace chorus::launch
