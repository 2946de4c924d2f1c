#pragma once
// A comparison's table as pictures: for each column the methods' differences to the base, with
// their intervals. Thread safety: pure function.

#include <string>
#include <vector>

#include "launch/compare/cells.h"

namespace chorus::launch {

// One picture a column of the section; none for columns without differences.
std::vector<std::string> DotPlots(const FinishedRuns& finished, const CompareTable& table,
                                  Section section);

}  // namespace chorus::launch
