#pragma once
// report.html of a comparison: its tables and figures on one page. Thread safety: one thread.

#include <string>

#include "launch/compare/cells.h"

namespace chorus::launch {

Result<std::string> ReportPage(const FinishedRuns& finished, const CompareTable& table);

}  // namespace chorus::launch
