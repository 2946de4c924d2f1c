#pragma once
// Runs that failed. FAILED in a run's folder has the error as text, from the failure until the run
// begins again; a comparison makes its tables of the other runs. Thread safety: one writer per run.

#include <optional>
#include <string>

#include "common/file.h"
#include "common/status.h"
#include "launch/compare/run/plan.h"

namespace chorus::launch {

// Writes why the run in `folder` failed. REQUIRES: !why.ok().
Status WriteFailure(FileSystem& files, const std::string& folder, const Status& why);

// Why the run failed; nothing when it did not fail, has finished since, or failed with a
// configuration that its next attempt does not have.
Result<std::optional<std::string>> FindFailure(FileSystem& files, const PlannedRun& run);

// Makes the folder of a run that begins, with its job.textproto. If a failed attempt has left
// files, the run goes on from their newest checkpoint if the configuration is the same; otherwise
// they are removed. A DONE that is there is damaged, or not of these scores, and is removed, too.
// REQUIRES: FindRunRecord gives no record.
Status BeginRun(FileSystem& files, const PlannedRun& run);

}  // namespace chorus::launch
