#pragma once
// What a reader must know of a comparison's tables as a whole. Thread safety: pure function.

#include <string>
#include <vector>

#include "launch/compare/cells.h"

namespace chorus::launch {

// How many runs stand behind the table, what ± and bold say, and what the intervals hold.
std::vector<std::string> TableNotes(const FinishedRuns& finished, const CompareTable& table);

}  // namespace chorus::launch
