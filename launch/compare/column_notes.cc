#include "launch/compare/column_notes.h"

#include <functional>
#include <map>

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
  const std::string groups = CountText(metric.groups()) + " groups with ";
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

// " (621 conversions)"
std::string Behind(const std::map<uint32_t, const RunResult*>& runs, const Column& column) {
  if (column.is_truth()) return " (exact)";
  if (column.measure == Measure::kShareAboveOne) return "";
  uint64_t positives = 0;
  for (const auto& [fold, result] : runs) positives += FindMetric(*result, column.id)->positives();
  return StrCat(" (", CountText(positives),
                column.rows == RowSet::kCtr ? " clicks)" : " conversions)");
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
                       const Column& column) {
  const CompareConfig& config = finished.plan().config;
  const auto runs = RunOfEachFold(finished, results, column);
  return StrCat(
      column.about, Behind(runs, column), BestText(column),
      ForEachFold(runs, config, [&](const RunResult& run) { return GroupsOf(run, column); }),
      ForEachFold(runs, config, [&](const RunResult& run) { return CeilingOf(run, column); }));
}

std::string CountText(uint64_t count) {
  std::string digits = StrCat(count);
  for (size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
  return digits;
}

}  // namespace chorus::launch
