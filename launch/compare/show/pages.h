#pragma once
// The pages of a comparison for people: table.md with its tables, report.html with tables and
// pictures.
// Thread safety: one thread.

#include <string>
#include <string_view>

#include "launch/compare/measure/cells.h"

namespace chorus::launch {

std::string TableMarkdown(const FinishedRuns& finished, const CompareTable& table);
// Whether a text is such a table.md.
bool IsTableMarkdown(std::string_view text);

Result<std::string> ReportPage(const FinishedRuns& finished, const CompareTable& table);

}  // namespace chorus::launch
