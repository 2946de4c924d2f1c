#pragma once
// DONE, the record of a finished run: RunRecord in text format and a checksum line, renamed into
// place last. A run without it is not finished, whatever else lies in its folder.
// Thread safety: one writer a run.

#include <optional>

#include "common/compare.pb.h"
#include "common/file.h"
#include "common/status.h"
#include "launch/compare/plan.h"
#include "launch/compare/run_inputs.h"

namespace chorus::launch {

// Writes job.textproto of a run that begins, unless it is there.
Status WriteJob(FileSystem& files, const PlannedRun& run);

// Completes the run whose job.textproto and scores lie in `folder`.
Status WriteRunRecord(FileSystem& files, const std::string& folder, RunRecord record);

// The record of a finished run; nothing for a run that is to be trained (again): there is no
// record, or the record or the scores are damaged, which is logged. Error: kFailedPrecondition when
// the run in that folder was made with another configuration, and in which fields, or with one that
// is lost, or from another log or oracle file than lies at that path now (one that is gone is not
// compared).
Result<std::optional<RunRecord>> FindRunRecord(const PlannedRun& run, InputChecksums* now);

}  // namespace chorus::launch
