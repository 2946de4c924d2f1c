#pragma once
// The words and numbers of a comparison's tables, for Markdown and HTML alike.
// Thread safety: pure functions.

#include <cstdint>
#include <string>
#include <vector>

#include "launch/compare/measure/cells.h"

namespace chorus::launch {

// 0.5 with 3 digits: "+0.500".
std::string SignedText(double value, int digits);
// "9,412"
std::string GroupedDigits(uint64_t count);
// "1 seed", "3 seeds"
std::string NumberOf(uint64_t count, const std::string& thing);

// "0.7726 ± 0.0010"; "-" for an empty cell.
std::string MeanText(const Cell& cell, const Column& column);
// "+0.0051 [+0.0021, +0.0081]"; "base" for the base's own cells, "-" where there is none.
std::string DifferenceText(const Cell& cell, const Column& column, bool is_base);
// " (1 of 3 seeds, 2 of 5 data sets; 2 runs failed)" behind a method whose runs are not all
// finished, else "".
std::string RunsText(const FinishedRuns& finished, int method);

// The tables in their order: title, and the numbers of their columns in table.columns.
struct TableSection {
  std::string title;
  std::vector<size_t> columns;
};
std::vector<TableSection> SectionsOf(const CompareTable& table);  // those with columns

// The note on a column: its definition, how many clicks or conversions of the test logs are behind
// it, and which direction is good; for metrics by group the number of groups that count, and for
// the truth's AUC the AUC that the features allow, per data set. Where rows of the table rest on
// different data sets, the note has the counts behind each row. It also names what the means leave
// out for want of a value.
std::string ColumnNote(const FinishedRuns& finished, const CompareTable& table, size_t column);

// The notes on the tables as a whole: how many runs are behind them, which of these failed or are
// doubtful, which settings they have, what ± and bold mean, what the intervals cover, and which
// columns have no value.
std::vector<std::string> TableNotes(const FinishedRuns& finished, const CompareTable& table);

}  // namespace chorus::launch
