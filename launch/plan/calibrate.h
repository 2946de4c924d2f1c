#pragma once
// What this machine does in a second for a job: a short run of its own reader, engine, client and
// server in this process, each part alone on one thread, then the engine on all cores, and frames
// over the loopback device. Thread safety: one call at a time; starts threads.

#include "common/file.h"
#include "common/status.h"
#include "launch/plan/plan.pb.h"
#include "launch/plan/planned_job.h"

namespace chorus::launch {

// seconds: about what it may take in all, reading the first steps aside. What sums of workers cost
// is not measured, since it takes several: those rates are assumed. Error: that of the job.
Result<PlanRates> MeasureRates(const PlannedJob& job, FileSystem& files, double seconds);

}  // namespace chorus::launch
