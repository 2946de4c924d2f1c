#pragma once
// Runs that failed: FAILED in a run's folder is the error as text, there from the failure until the
// run begins again. A comparison makes its tables of the others. Thread safety: one writer per run.

#include <optional>
#include <string>

#include "common/file.h"
#include "common/status.h"
#include "launch/compare/run/plan.h"

namespace chorus::launch {

// Writes why the run in `folder` failed. REQUIRES: !why.ok().
Status WriteFailure(FileSystem& files, const std::string& folder, const Status& why);

// Why the run failed; nothing when it did not, has finished since, or failed with another
// configuration, which its next attempt does not have.
Result<std::optional<std::string>> FindFailure(FileSystem& files, const PlannedRun& run);

// Makes the folder of a run that begins, with its job.textproto. What an attempt that failed has
// left goes on from its newest checkpoint with the same configuration, and is removed with another.
// A DONE that is there is damaged, or not of these scores, and is removed. REQUIRES: FindRunRecord
// gives no record.
Status BeginRun(FileSystem& files, const PlannedRun& run);

}  // namespace chorus::launch
