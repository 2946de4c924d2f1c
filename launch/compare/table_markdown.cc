#include "launch/compare/table_markdown.h"

#include <functional>
#include <string_view>
#include <vector>

#include "common/strings.h"
#include "launch/compare/table_notes.h"
#include "launch/compare/table_text.h"

namespace chorus::launch {
namespace {

constexpr std::string_view kTitle = "# Comparison ";
constexpr std::string_view kLastSection = "## How to read this\n\n";

using CellText = std::function<std::string(const TableRow& row, size_t column)>;

std::string MethodName(const FinishedRuns& finished, const TableRow& row) {
  const CompareMethod& method = finished.plan().config.method(static_cast<int>(row.method));
  const std::string runs = RunsText(finished, row.method);
  return row.reference ? StrCat("*", method.name(), "* (reference)", runs) : method.name() + runs;
}

std::string Line(const std::vector<std::string>& cells) {
  return StrCat("| ", Join(cells, " | "), " |\n");
}

std::string Grid(const FinishedRuns& finished, const CompareTable& table,
                 const std::vector<size_t>& columns, const CellText& text) {
  std::vector<std::string> head = {"method"};
  std::vector<std::string> rule = {"---"};
  for (const size_t c : columns) {
    head.push_back(table.columns[c].title);
    rule.push_back("---:");
  }
  std::string out = Line(head) + Line(rule);
  for (const TableRow& row : table.rows) {
    std::vector<std::string> cells = {MethodName(finished, row)};
    for (const size_t c : columns) cells.push_back(text(row, c));
    out += Line(cells);
  }
  return out + "\n";
}

std::string SectionText(const FinishedRuns& finished, const CompareTable& table, Section section) {
  const std::vector<size_t> columns = ColumnsIn(table, section);
  if (columns.empty()) return "";
  std::string out = StrCat("## ", SectionTitle(section), "\n\n");
  out += Grid(finished, table, columns, [&](const TableRow& row, size_t c) {
    return MeanText(row.cells[c], table.columns[c]);
  });
  out += StrCat("Difference to ", finished.plan().config.base(), ":\n\n");
  out += Grid(finished, table, columns, [&](const TableRow& row, size_t c) {
    const std::string cell = DifferenceText(row.cells[c], table.columns[c], row.is_base);
    return row.cells[c].significant() && !row.reference ? StrCat("**", cell, "**") : cell;
  });
  for (const size_t c : columns) {
    out += StrCat("- ", table.columns[c].title, ": ", table.notes[c], "\n");
  }
  return out + "\n";
}

}  // namespace

std::string TableMarkdown(const FinishedRuns& finished, const CompareTable& table) {
  std::string out = StrCat(kTitle, finished.plan().config.name(), "\n\n");
  for (const Section section : kSections) out += SectionText(finished, table, section);
  out += kLastSection;
  for (const std::string& note : TableNotes(finished, table)) out += StrCat("- ", note, "\n");
  return out;
}

bool IsTableMarkdown(const std::string& text) {
  return text.starts_with(kTitle) && text.find(kLastSection) != std::string::npos;
}

}  // namespace chorus::launch
