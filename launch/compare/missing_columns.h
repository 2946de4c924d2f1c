#pragma once
// Columns that no table shows, since they have no value in any run. Thread safety: pure function.

#include <string>
#include <vector>

#include "common/status.h"
#include "launch/compare/columns.h"
#include "launch/compare/finished_runs.h"

namespace chorus::launch {

// "No value: CTR AUC, CVR AUC (no exposure of the test logs is clicked).", a note for each reason.
// missing: columns of the comparison without a value. Those that are judged by a truth which no
// data set has are not spoken of. Errors: those of FinishedRuns::ScoresOf.
Result<std::vector<std::string>> MissingNotes(const FinishedRuns& finished,
                                              const std::vector<Column>& missing);

}  // namespace chorus::launch
