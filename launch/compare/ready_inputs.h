#pragma once
// Whether what a run reads is there, before any run trains. Thread safety: pure function.

#include "common/file.h"
#include "common/status.h"
#include "launch/compare/plan.h"

namespace chorus::launch {

// The run's logs open and have the same slots, its oracle file tells the truth of its test log, and
// the comparison's `field` is a slot of that. Errors: those of LogReader::Open, ColumnMap::Make,
// OracleFile::Open and CheckField; kFailedPrecondition for the oracle file of another log. Each
// names the configuration's file, data set, field and what is expected there.
Status CheckReady(FileSystem& files, const ComparePlan& plan, const PlannedRun& run);

}  // namespace chorus::launch
