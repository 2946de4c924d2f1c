#pragma once
// table.md: the tables of a comparison for people. Thread safety: pure function.

#include <string>

#include "launch/compare/cells.h"

namespace chorus::launch {

std::string TableMarkdown(const FinishedRuns& finished, const CompareTable& table);

}  // namespace chorus::launch
