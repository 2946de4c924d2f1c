#include "launch/compare/column_runs.h"

#include <algorithm>
#include <utility>

#include "common/strings.h"
#include "launch/compare/results.h"

namespace chorus::launch {
namespace {

bool Contains(const auto& list, auto value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

// "seed 2", "seeds 2, 3"
std::string Listed(const char* thing, const std::vector<std::string>& names) {
  return StrCat(thing, names.size() == 1 ? " " : "s ", Join(names, ", "));
}

}  // namespace

ColumnRuns::ColumnRuns(const FinishedRuns& finished, const std::vector<RunResult>& results,
                       const std::string& column)
    : finished_(finished) {
  for (size_t i = 0; i < results.size(); ++i) {
    const PlannedRun& run = *finished.runs()[i].run;
    if (const RunMetric* const metric = FindMetric(results[i], column)) {
      values_[{run.method, run.fold, run.seed}] = metric->value();
      positives_.emplace(run.fold, metric->positives());
    }
  }
}

bool ColumnRuns::all_zero() const {
  return std::all_of(values_.begin(), values_.end(), [](const auto& x) { return x.second == 0; });
}

RunGrid ColumnRuns::Grid(const std::vector<uint32_t>& methods) const {
  const RunGrid runs = finished_.CommonRuns(methods);
  const CompareConfig& config = finished_.plan().config;
  return GridOf(methods, static_cast<uint32_t>(config.data_size()), config.seeds(),
                [&](uint32_t method, uint32_t fold, uint64_t seed) {
                  return Contains(runs.folds, fold) && Contains(runs.seeds, seed) &&
                         values_.contains({method, fold, seed});
                });
}

double ColumnRuns::At(uint32_t method, uint32_t fold, uint64_t seed) const {
  return values_.at({method, fold, seed});
}

uint64_t ColumnRuns::PositivesOf(const std::vector<uint32_t>& folds) const {
  uint64_t positives = 0;
  for (const uint32_t fold : folds) positives += positives_.at(fold);
  return positives;
}

// "data set b", "seed 2", "data set b and seed 2"; "": the method's mean takes all of its runs, or
// there is none.
std::string ColumnRuns::MissingOf(uint32_t method) const {
  const RunGrid runs = finished_.CommonRuns({method});
  const RunGrid valued = Grid({method});
  if (valued.empty()) return "";
  std::vector<std::string> folds, seeds, parts;
  for (const uint32_t fold : runs.folds) {
    if (Contains(valued.folds, fold)) continue;
    folds.push_back(finished_.plan().config.data(static_cast<int>(fold)).name());
  }
  for (const uint64_t seed : runs.seeds) {
    if (!Contains(valued.seeds, seed)) seeds.push_back(StrCat(seed));
  }
  if (!folds.empty()) parts.push_back(Listed("data set", folds));
  if (!seeds.empty()) parts.push_back(Listed("seed", seeds));
  return Join(parts, " and ");
}

std::string ColumnRuns::LeftOut(uint32_t base) const {
  const CompareConfig& config = finished_.plan().config;
  std::vector<std::pair<std::string, std::vector<uint32_t>>> gaps;  // what, and whose
  size_t methods = 0;                                               // that have a mean
  for (uint32_t method = 0; method < static_cast<uint32_t>(config.method_size()); ++method) {
    if (!Grid({method}).empty()) ++methods;
    const std::string missing = MissingOf(method);
    if (missing.empty()) continue;
    const auto same = std::find_if(gaps.begin(), gaps.end(),
                                   [&](const auto& gap) { return gap.first == missing; });
    (same != gaps.end() ? *same : gaps.emplace_back(missing, std::vector<uint32_t>()))
        .second.push_back(method);
  }
  std::string text;
  for (const auto& [missing, whose] : gaps) {
    if (whose.size() == methods) {
      text += StrCat("; no value on ", missing, ": left out of means and differences");
      continue;
    }
    std::vector<std::string> names;
    for (const uint32_t m : whose) names.push_back(config.method(static_cast<int>(m)).name());
    text += StrCat("; no value for ", Join(names, ", "), " on ", missing, ": left out of ",
                   names.size() == 1 ? "that row" : "those rows",
                   Contains(whose, base) ? " and of all differences" : "");
  }
  return text;
}

}  // namespace chorus::launch
