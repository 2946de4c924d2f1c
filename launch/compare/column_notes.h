#pragma once
// What a reader must know of a column. Thread safety: pure function.

#include <string>
#include <vector>

#include "common/compare.pb.h"
#include "launch/compare/columns.h"
#include "launch/compare/finished_runs.h"

namespace chorus::launch {

// Its definition, how many clicks or conversions of the test logs stand behind it, which direction
// is good; by group the groups that count, and for the truth's AUC what the features allow, of each
// data set. results: of finished.runs(), one each.
std::string ColumnNote(const FinishedRuns& finished, const std::vector<RunResult>& results,
                       const Column& column);

// "9,412"
std::string CountText(uint64_t count);

}  // namespace chorus::launch
