#pragma once
// What would make a planned job on GPUs faster, or fit their memory. Thread safety: pure function.

#include <string>
#include <vector>

#include "common/config.pb.h"
#include "launch/plan/gpu_work.h"
#include "launch/plan/plan.pb.h"
#include "launch/plan/step_time.h"

namespace chorus::launch {

// Lines for people: what does not run first, then the most useful.
std::vector<std::string> GpuAdviceFor(const TrainConfig& config, const StepWork& work,
                                      const GpuWork& gpu, const PlanRates& rates);

}  // namespace chorus::launch
