#include "launch/compare/report_page.h"

#include <functional>
#include <vector>

#include "common/strings.h"
#include "launch/compare/dot_plot.h"
#include "launch/compare/run_figures.h"
#include "launch/compare/table_notes.h"
#include "launch/compare/table_text.h"
#include "launch/report/html.h"

namespace chorus::launch {
namespace {

using CellHtml = std::function<std::string(const TableRow& row, size_t column)>;

std::string MethodHtml(const FinishedRuns& finished, const TableRow& row) {
  const CompareConfig& config = finished.plan().config;
  const std::string name = Escape(config.method(static_cast<int>(row.method)).name());
  const std::string runs = RunsText(finished, row.method);
  return row.reference ? StrCat("<i>", name, "</i> (reference)", runs) : name + runs;
}

std::string Grid(const FinishedRuns& finished, const CompareTable& table,
                 const std::vector<size_t>& columns, const std::string& caption,
                 const CellHtml& cell) {
  std::string out = "<div class=\"scroll\"><table>\n" + Element("caption", caption) +
                    "<thead><tr><th scope=\"col\">method</th>";
  for (const size_t c : columns) {
    out += StrCat("<th scope=\"col\">", Escape(table.columns[c].title), "</th>");
  }
  out += "</tr></thead>\n<tbody>\n";
  for (const TableRow& row : table.rows) {
    out += StrCat("<tr><th scope=\"row\">", MethodHtml(finished, row), "</th>");
    for (const size_t c : columns) out += StrCat("<td>", cell(row, c), "</td>");
    out += "</tr>\n";
  }
  return out + "</tbody></table></div>\n";
}

std::string List(const std::vector<std::string>& items) {
  std::string out = "<ul class=\"note\">\n";
  for (const std::string& item : items) out += Element("li", item);
  return out + "</ul>\n";
}

std::string SectionHtml(const FinishedRuns& finished, const CompareTable& table, Section section) {
  const std::vector<size_t> columns = ColumnsIn(table, section);
  if (columns.empty()) return "";
  const CompareConfig& config = finished.plan().config;
  std::string out = Element("h2", SectionTitle(section));
  out += Grid(finished, table, columns, "Mean ± standard deviation over seeds",
              [&](const TableRow& row, size_t c) {
                return Escape(MeanText(row.cells[c], table.columns[c]));
              });
  out += Grid(finished, table, columns, "Difference to " + config.base() + ", 95 % interval",
              [&](const TableRow& row, size_t c) {
                const std::string text =
                    Escape(DifferenceText(row.cells[c], table.columns[c], row.is_base));
                const bool bold = row.cells[c].significant() && !row.reference;
                return bold ? StrCat("<b>", text, "</b>") : text;
              });
  std::vector<std::string> notes;
  for (const size_t c : columns) {
    notes.push_back(StrCat(table.columns[c].title, ": ", table.notes[c]));
  }
  out += List(notes);
  const std::vector<std::string> plots = DotPlots(finished, table, section);
  if (plots.empty()) return out;
  return out + Figure(plots, StrCat("Differences to ", Escape(config.base()),
                                    " with 95 % intervals; filled dots differ significantly. An "
                                    "interval that is very wide runs off its picture."));
}

std::string FigureSection(const std::string& title, const std::vector<std::string>& pictures,
                          const std::string& caption) {
  return pictures.empty() ? "" : Element("h2", title) + Figure(pictures, caption);
}

}  // namespace

Result<std::string> ReportPage(const FinishedRuns& finished, const CompareTable& table) {
  const CompareConfig& config = finished.plan().config;
  std::string body = List(TableNotes(finished, table));
  for (const Section section : kSections) body += SectionHtml(finished, table, section);
  ASSIGN_OR_RETURN(const std::vector<std::string> pcoc, PcocCurves(finished));
  const std::string source =
      config.common_ctr().empty() ? "each method's own" : Escape(config.common_ctr()) + "'s";
  body += FigureSection("PCOC by pCTR", pcoc,
                        "Mean pCVR (over seeds) over the conversion rate of clicked exposures, in "
                        "buckets of equal size by " +
                            source +
                            " pCTR of one seed; buckets with under 30 conversions are merged. Bars "
                            "are Wilson's 95 % intervals of the rate. The dashed line at 1 is "
                            "right; both axes are logarithmic.");
  ASSIGN_OR_RETURN(const std::vector<std::string> calibration, CalibrationCurves(finished));
  body += FigureSection("Calibration of pCVR", calibration,
                        "Conversion rate of clicked exposures by mean pCVR, in 20 bins of equal "
                        "size, a line a seed; both axes by square root. Below the dashed line pCVR "
                        "is too high.");
  const TrainingPictures training = TrainingCurves(finished);
  body += FigureSection("Training", training.pictures,
                        "Loss of the reported steps: a thin line a run, and where all runs report "
                        "the same steps a bold one for their mean. Losses of different methods are "
                        "different sums and cannot be compared; a method trained in stages has a "
                        "line a stage.");
  if (!training.missing.empty()) body += List(training.missing);
  return Page("Comparison " + config.name(), body);
}

}  // namespace chorus::launch
