#include "launch/compare/table_text.h"

#include <algorithm>
#include <cstdio>

#include "common/strings.h"

namespace chorus::launch {

std::string FixedText(double value, int digits) {
  char buffer[64];
  std::snprintf(buffer, sizeof(buffer), "%.*f", digits, value);
  return buffer;
}

std::string SignedText(double value, int digits) {
  char buffer[64];
  std::snprintf(buffer, sizeof(buffer), "%+.*f", digits, value);
  return buffer;
}

std::string MeanText(const Cell& cell, const Column& column) {
  if (cell.seeds == 0) return "-";
  const std::string mean = FixedText(cell.mean, column.digits);
  if (!cell.sd.has_value()) return mean;
  return StrCat(mean, " ± ", FixedText(*cell.sd, column.digits));
}

std::string DifferenceText(const Cell& cell, const Column& column, bool is_base) {
  if (cell.seeds == 0) return "-";
  if (is_base) return "base";
  if (!cell.difference.has_value()) return "-";
  const worker::CombinedDifference& difference = *cell.difference;
  const std::string estimate = SignedText(difference.estimate, column.digits);
  if (!cell.has_interval()) return estimate;
  return StrCat(estimate, " [", SignedText(difference.interval.low, column.digits), ", ",
                SignedText(difference.interval.high, column.digits), "]");
}

std::string NumberOf(uint64_t count, const std::string& thing) {
  return StrCat(count, " ", thing, count == 1 ? "" : "s");
}

std::string RunsText(const FinishedRuns& finished, uint32_t method) {
  const CompareConfig& config = finished.plan().config;
  const RunGrid grid = finished.CommonRuns({method});
  const auto folds = static_cast<size_t>(config.data_size());
  if (grid.seeds.size() == config.seeds() && grid.folds.size() == folds) return "";
  std::string text = StrCat(" (", grid.seeds.size(), " of ", NumberOf(config.seeds(), "seed"));
  if (folds > 1) text += StrCat(", ", grid.folds.size(), " of ", NumberOf(folds, "data set"));
  return text + ")";
}

std::string SectionTitle(Section section) {
  switch (section) {
    case Section::kRanking:
      return "Ranking";
    case Section::kGroups:
      return "Ranking within groups";
    case Section::kCtr:
      return "pCTR on all exposures";
    case Section::kCvr:
      return "pCVR on clicked exposures";
    case Section::kCtcvr:
      return "pCTCVR on all exposures";
    case Section::kTruth:
      return "pCVR against the truth of the generated world";
  }
  return "";
}

std::vector<size_t> ColumnsIn(const CompareTable& table, Section section) {
  std::vector<size_t> columns;
  for (size_t c = 0; c < table.columns.size(); ++c) {
    if (table.columns[c].section == section) columns.push_back(c);
  }
  return columns;
}

namespace {

// What an unfinished comparison's rows are made of, and whose rows are missing.
std::string UnfinishedNote(const CompareConfig& config, const CompareTable& table) {
  std::vector<std::string> missing;
  for (int m = 0; m < config.method_size(); ++m) {
    const bool shown = std::any_of(table.rows.begin(), table.rows.end(), [&](const TableRow& row) {
      return row.method == static_cast<uint32_t>(m);
    });
    if (!shown) missing.push_back(config.method(m).name());
  }
  std::string note =
      "Unfinished: a row takes the seeds and data sets that its method has, as written behind its "
      "name; a difference those that the base has too.";
  if (!missing.empty())
    note += StrCat(" Left out, without enough runs: ", Join(missing, ", "), ".");
  return note;
}

}  // namespace

std::vector<std::string> Notes(const FinishedRuns& finished, const CompareTable& table) {
  const CompareConfig& config = finished.plan().config;
  std::vector<std::string> notes;
  notes.push_back(StrCat(finished.runs().size(), " of ", finished.plan().runs.size(),
                         " runs are finished: ", NumberOf(table.rows.size(), "method"), ", ",
                         NumberOf(config.seeds(), "seed"), ", ",
                         NumberOf(static_cast<uint64_t>(config.data_size()), "data set"), "."));
  if (finished.runs().size() < finished.plan().runs.size())
    notes.push_back(UnfinishedNote(config, table));
  notes.push_back(
      "Mean ± standard deviation over seeds; where there are several data sets (folds), of each "
      "seed their mean.");
  notes.push_back(StrCat(
      "Differences are to ", config.base(),
      ", paired by seed and data set, with 95 % intervals: DeLong's variance of the seeds' mean "
      "contrast for AUCs, the paired bootstrap by group (by exposure where the log has no groups; ",
      config.bootstrap(),
      " draws) for the rest, and the variance of the seeds. With one seed, an interval holds the "
      "test set's noise only, and nothing is bold."));
  notes.push_back(
      "Bold: the interval excludes 0. Of cells without any true difference one in twenty is bold "
      "too; nothing is adjusted for the number of cells.");
  if (ColumnsIn(table, Section::kTruth).empty()) return notes;
  notes.push_back(
      "Against the truth: computed from P(conversion | do(click)) of each test exposure, not from "
      "drawn labels. There is no sampling of labels to allow for; intervals show the spread of "
      "seeds alone.");
  return notes;
}

}  // namespace chorus::launch
