#include "launch/compare/table_text.h"

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

std::string CountText(uint64_t count) {
  std::string digits = StrCat(count);
  for (size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
  return digits;
}

std::string SectionTitle(Section section) {
  switch (section) {
    case Section::kRanking:
      return "Ranking";
    case Section::kClicked:
      return "Calibration and loss";
    case Section::kTruth:
      return "Against the truth of the generated world";
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

std::vector<std::string> Notes(const FinishedRuns& finished, const CompareTable& table) {
  const CompareConfig& config = finished.plan().config;
  std::vector<std::string> notes;
  notes.push_back(StrCat(finished.runs().size(), " of ", finished.plan().runs.size(),
                         " runs are finished: ", table.rows.size(), " methods, ", config.seeds(),
                         " seeds, ", config.data_size(), " data sets."));
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
  notes.push_back(
      "Against the truth: computed from P(conversion | do(click)) of each test exposure, not from "
      "drawn labels. There is no sampling of labels to allow for; intervals show the spread of "
      "seeds alone.");
  return notes;
}

std::string ColumnNote(const CompareTable& table, size_t column) {
  const Column& c = table.columns[column];
  if (table.positives[column] == 0) return c.about + " (exact)";
  const bool clicks = c.id.starts_with("ctr_");
  return StrCat(c.about, " (", CountText(table.positives[column]),
                clicks ? " clicks)" : " conversions)");
}

}  // namespace chorus::launch
