#pragma once
// A job on paper whose steps are full: the device's work is counted from one full step, and the hosts' work has to be
// of full steps, too. Thread safety: as TraceJob (job_plan.h).

#include <cstdint>
#include <vector>

#include "common/config.pb.h"
#include "common/file.h"
#include "common/status.h"
#include "launch/plan/job_plan.h"

namespace chorus::launch {

// As TraceJob, but of only as many of the first `steps` steps as the log fills (plan.read_steps). Errors: those of
// TraceJob; kInvalidArgument when the log fills fewer steps than a plan needs.
Result<TracedJob> TraceFullSteps(const TrainConfig& config, const PlanLayout& layout,
                                 uint32_t steps, const std::vector<KeySketch>& ids,
                                 FileSystem& files);

}  // namespace chorus::launch
