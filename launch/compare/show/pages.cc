#include "launch/compare/show/pages.h"

#include <string_view>
#include <vector>

#include "common/config.h"
#include "common/strings.h"
#include "launch/compare/run/logs.h"
#include "launch/compare/show/figures.h"
#include "launch/compare/show/words.h"
#include "launch/report/html.h"

namespace chorus::launch {
namespace {

constexpr std::string_view kTitle = "# Comparison ";
constexpr std::string_view kLastSection = "## How to read this\n\n";

enum class Shown { kMeans, kDifferences };

std::string CellText(const CompareTable& table, const TableRow& row, size_t c, Shown shown) {
  return shown == Shown::kMeans ? MeanText(row.cells[c], table.columns[c])
                                : DifferenceText(row.cells[c], table.columns[c], row.is_base);
}

bool IsBold(const TableRow& row, size_t c, Shown shown) {
  return shown == Shown::kDifferences && row.cells[c].significant() && !row.reference;
}

std::string MarkdownTable(const FinishedRuns& finished, const CompareTable& table,
                          const std::vector<size_t>& columns, Shown shown) {
  std::string head = "| method |", rule = "| --- |", out;
  for (const size_t c : columns) {
    head += StrCat(" ", table.columns[c].title, " |");
    rule += " ---: |";
  }
  for (const TableRow& row : table.rows) {
    const std::string& name = finished.config().method(row.method).name();
    out += StrCat("| ", row.reference ? StrCat("*", name, "* (reference)") : name,
                  RunsText(finished, row.method), " |");
    for (const size_t c : columns) {
      const char* const mark = IsBold(row, c, shown) ? "**" : "";
      out += StrCat(" ", mark, CellText(table, row, c, shown), mark, " |");
    }
    out += "\n";
  }
  return StrCat(head, "\n", rule, "\n", out, "\n");
}

std::string HtmlTable(const FinishedRuns& finished, const CompareTable& table,
                      const std::vector<size_t>& columns, Shown shown, const std::string& caption) {
  std::string out = StrCat("<div class=\"scroll\"><table>\n", Element("caption", caption),
                           "<thead><tr><th scope=\"col\">method</th>");
  for (const size_t c : columns) {
    out += StrCat("<th scope=\"col\">", Escape(table.columns[c].title), "</th>");
  }
  out += "</tr></thead>\n<tbody>\n";
  for (const TableRow& row : table.rows) {
    const std::string name = Escape(finished.config().method(row.method).name());
    out += StrCat("<tr><th scope=\"row\">",
                  row.reference ? StrCat("<i>", name, "</i> (reference)") : name,
                  RunsText(finished, row.method), "</th>");
    for (const size_t c : columns) {
      const bool bold = IsBold(row, c, shown);
      out += StrCat("<td>", bold ? "<b>" : "", Escape(CellText(table, row, c, shown)),
                    bold ? "</b>" : "", "</td>");
    }
    out += "</tr>\n";
  }
  return out + "</tbody></table></div>\n";
}

std::string HtmlList(const std::vector<std::string>& items) {
  std::string out = "<ul class=\"note\">\n";
  for (const std::string& item : items) out += Element("li", item);
  return out + "</ul>\n";
}

std::string HtmlSection(const FinishedRuns& finished, const CompareTable& table,
                        const TableSection& section) {
  const std::string& base = finished.config().base();
  std::string out = Element("h2", section.title);
  out += HtmlTable(finished, table, section.columns, Shown::kMeans,
                   "Mean ± standard deviation over seeds");
  out += HtmlTable(finished, table, section.columns, Shown::kDifferences,
                   StrCat("Difference to ", base, ", 95 % interval"));
  std::vector<std::string> notes;
  for (const size_t c : section.columns) {
    notes.push_back(StrCat(table.columns[c].title, ": ", ColumnNote(finished, table, c)));
  }
  out += HtmlList(notes);
  const std::vector<std::string> plots = DotPlots(finished, table, section.columns);
  if (plots.empty()) return out;
  return out + Figure(plots, StrCat("Differences to ", Escape(base),
                                    " with 95 % intervals; filled dots differ significantly."));
}

std::string FigureSection(const std::string& title, const std::vector<std::string>& pictures,
                          const std::string& caption) {
  return pictures.empty() ? "" : Element("h2", title) + Figure(pictures, caption);
}

std::string Named(const std::string& what, const LogPaths& paths) {
  return paths.empty() ? "" : StrCat("; ", what, " ", Join({paths.begin(), paths.end()}, ", "));
}

// The methods and the logs. It has no time in it, so that the page is the same whenever it is made.
std::string PageHead(const CompareConfig& config) {
  std::vector<std::string> methods, items;
  for (const CompareMethod& method : config.method()) methods.push_back(method.name());
  items.push_back(StrCat("Methods: ", Join(methods, ", ")));
  for (const CompareData& data : config.data()) {
    items.push_back(StrCat("Data set ", data.name(), ": trained on ",
                           Join({data.train().begin(), data.train().end()}, ", "),
                           Named("tested on", data.test()),
                           Named("settings judged on", data.validation()),
                           Named("potential labels in", data.potential())));
  }
  return StrCat(HtmlList(items), "<details><summary>Configuration</summary>\n<div ",
                "class=\"scroll\">", Element("pre", PrintConfig(config)), "</div></details>\n");
}

}  // namespace

std::string TableMarkdown(const FinishedRuns& finished, const CompareTable& table) {
  std::string out = StrCat(kTitle, finished.config().name(), "\n\n");
  for (const auto& [title, columns] : SectionsOf(table)) {
    out += StrCat("## ", title, "\n\n", MarkdownTable(finished, table, columns, Shown::kMeans),
                  "Difference to ", finished.config().base(), ":\n\n",
                  MarkdownTable(finished, table, columns, Shown::kDifferences));
    for (const size_t c : columns) {
      out += StrCat("- ", table.columns[c].title, ": ", ColumnNote(finished, table, c), "\n");
    }
    out += "\n";
  }
  out += kLastSection;
  for (const std::string& note : TableNotes(finished, table)) out += StrCat("- ", note, "\n");
  return out;
}

// By its beginning and its last section: a file that a user wrote must not be taken for one and
// replaced (output.cc).
bool IsTableMarkdown(std::string_view text) {
  return text.starts_with(kTitle) && text.find(kLastSection) != text.npos;
}

Result<std::string> ReportPage(const FinishedRuns& finished, const CompareTable& table) {
  const CompareConfig& config = finished.config();
  std::string body = PageHead(config) + HtmlList(TableNotes(finished, table));
  for (const TableSection& section : SectionsOf(table)) {
    body += HtmlSection(finished, table, section);
  }
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
  if (!training.missing.empty()) body += HtmlList(training.missing);
  return Page("Comparison " + config.name(), body);
}

}  // namespace chorus::launch
