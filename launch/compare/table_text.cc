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

std::string NumberOf(uint64_t count, const std::string& thing) {
  return StrCat(CountText(count), " ", thing, count == 1 ? "" : "s");
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

}  // namespace chorus::launch
