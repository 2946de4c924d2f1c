#pragma once
// Measures this machine's rates for a job by short runs of the job's own reader, engine, client and
// server in this process: each part alone on one thread, then the engine on all cores, and frames
// over the loopback device. Thread safety: one call at a time; starts threads.

#include "common/file.h"
#include "common/status.h"
#include "launch/plan/plan.pb.h"
#include "launch/plan/planned_job.h"

namespace chorus::launch {

// seconds: about the time that all measurements together may take, besides reading the first steps.
// The rates of sums among workers are assumed, since measuring them takes several workers. Error:
// that of the job.
Result<PlanRates> MeasureRates(const PlannedJob& job, FileSystem& files, double seconds);

}  // namespace chorus::launch
