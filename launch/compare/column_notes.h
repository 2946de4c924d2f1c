#pragma once
// What a reader must know of a column. Thread safety: pure function.

#include <string>
#include <vector>

#include "common/compare.pb.h"
#include "launch/compare/column_runs.h"
#include "launch/compare/columns.h"
#include "launch/compare/finished_runs.h"

namespace chorus::launch {

// Its definition, how many clicks or conversions of the test logs stand behind it, which direction
// is good; by group the groups that count, and for the truth's AUC what the features allow, of each
// data set. Where rows rest on different data sets, the counts behind each. results: of
// finished.runs(), one each; values: of the column.
std::string ColumnNote(const FinishedRuns& finished, const std::vector<RunResult>& results,
                       const Column& column, const ColumnRuns& values);

}  // namespace chorus::launch
