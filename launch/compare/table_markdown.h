#pragma once
// table.md: the tables of a comparison for people. Thread safety: pure function.

#include <string>

#include "launch/compare/cells.h"

namespace chorus::launch {

std::string TableMarkdown(const FinishedRuns& finished, const CompareTable& table);
// Whether a text is one of these.
bool IsTableMarkdown(const std::string& text);

}  // namespace chorus::launch
