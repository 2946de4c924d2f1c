#pragma once
// A job on paper whose steps are full: what a device does is counted of one full step, and what hosts do has to be of
// the same. Thread safety: as TraceJob (job_plan.h).

#include <cstdint>
#include <vector>

#include "common/config.pb.h"
#include "common/file.h"
#include "common/status.h"
#include "launch/plan/job_plan.h"

namespace chorus::launch {

// As TraceJob, of so many of the first `steps` steps as the log fills (plan.read_steps). Error: also kInvalidArgument,
// the log fills fewer than a plan needs.
Result<TracedJob> TraceFullSteps(const TrainConfig& config, const PlanLayout& layout,
                                 uint32_t steps, const std::vector<KeySketch>& ids,
                                 FileSystem& files);

}  // namespace chorus::launch
