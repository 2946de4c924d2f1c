#include "launch/compare/dot_plot.h"

#include <algorithm>
#include <utility>

#include "common/strings.h"
#include "launch/compare/table_text.h"
#include "launch/report/panel.h"

namespace chorus::launch {
namespace {

constexpr int kRowPixels = 16;

// Estimates always fit; an interval that is much wider than their spread runs off the picture, so
// that the others can be told apart.
std::vector<double> Shown(const std::vector<const Cell*>& cells) {
  double furthest = 0;
  for (const Cell* cell : cells) {
    furthest = std::max({furthest, cell->difference->estimate, -cell->difference->estimate});
  }
  std::vector<double> values = {0};
  for (const Cell* cell : cells) {
    values.push_back(cell->difference->estimate);
    if (!cell->has_interval()) continue;
    values.push_back(std::max(cell->difference->interval.low, -1.5 * furthest));
    values.push_back(std::min(cell->difference->interval.high, 1.5 * furthest));
  }
  return values;
}

std::string DotPlot(const CompareConfig& config, const CompareTable& table, size_t column) {
  std::vector<std::string> names;
  std::vector<const Cell*> cells;
  std::vector<bool> filled;  // as the table has bold
  for (const TableRow& row : table.rows) {
    const Cell& cell = row.cells[column];
    if (!cell.difference.has_value()) continue;
    names.push_back(config.method(static_cast<int>(row.method)).name());
    cells.push_back(&cell);
    filled.push_back(cell.significant() && !row.reference);
  }
  if (cells.empty()) return "";
  const auto rows = static_cast<double>(names.size());
  const Axis x = Axis::Fit("difference to " + config.base(), Axis::Scale::kLinear, Shown(cells));
  Panel panel(table.columns[column].title,
              StrCat("Difference of ", table.columns[column].title, " to ", config.base(),
                     " by method, with 95 percent intervals. Filled dots differ significantly."),
              x, Axis::Range("", Axis::Scale::kLinear, 0, rows));
  panel.Size(230, kRowPixels * static_cast<int>(names.size()) + kRowPixels / 2);
  panel.Rows(std::move(names));
  panel.Rule({0, 0}, {0, rows});
  for (size_t i = 0; i < cells.size(); ++i) {
    const double y = static_cast<double>(i) + 0.5;
    const worker::CombinedDifference& difference = *cells[i]->difference;
    if (cells[i]->has_interval()) {
      panel.IntervalX(y, difference.interval.low, difference.interval.high, "main");
    }
    panel.Dot({difference.estimate, y}, filled[i] ? "main" : "main hollow");
  }
  return panel.Svg();
}

}  // namespace

std::vector<std::string> DotPlots(const FinishedRuns& finished, const CompareTable& table,
                                  Section section) {
  std::vector<std::string> plots;
  for (const size_t column : ColumnsIn(table, section)) {
    std::string plot = DotPlot(finished.plan().config, table, column);
    if (!plot.empty()) plots.push_back(std::move(plot));
  }
  return plots;
}

}  // namespace chorus::launch
