#pragma once
// The words and numbers of a comparison's tables, for Markdown and HTML alike.
// Thread safety: pure functions.

#include <string>
#include <vector>

#include "launch/compare/cells.h"

namespace chorus::launch {

// 0.5 with 3 digits: "0.500"; with a sign: "+0.500".
std::string FixedText(double value, int digits);
std::string SignedText(double value, int digits);
// "0.7726 ± 0.0010"; "-" for an empty cell.
std::string MeanText(const Cell& cell, const Column& column);
// "+0.0051 [+0.0021, +0.0081]"; "base" for the base's own cells, "-" where there is none.
std::string DifferenceText(const Cell& cell, const Column& column, bool is_base);
// "9,412"
std::string CountText(uint64_t count);
// "1 seed", "3 seeds"
std::string NumberOf(uint64_t count, const std::string& thing);
// " (1 of 3 seeds, 2 of 5 data sets)" behind a method whose runs are not all finished, else "".
std::string RunsText(const FinishedRuns& finished, uint32_t method);

std::string SectionTitle(Section section);
// Numbers of this section's columns in table.columns.
std::vector<size_t> ColumnsIn(const CompareTable& table, Section section);
inline constexpr Section kSections[] = {Section::kRanking, Section::kGroups, Section::kCtr,
                                        Section::kCvr,     Section::kCtcvr,  Section::kTruth};

}  // namespace chorus::launch
