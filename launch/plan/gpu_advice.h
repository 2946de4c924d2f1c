#pragma once
// Advice that would make a planned job on GPUs faster, or fit their memory. Thread safety: pure
// functions.

#include <string>
#include <vector>

#include "common/config.pb.h"
#include "launch/plan/gpu_work.h"
#include "launch/plan/plan.pb.h"
#include "launch/plan/step_time.h"

namespace chorus::launch {

// Lines for people: first what does not run at all, then the most useful advice.
std::vector<std::string> GpuAdviceFor(const TrainConfig& config, const StepWork& work,
                                      const GpuWork& gpu, const PlanRates& rates);

// The line about a GPU that the CUDA library is not built for (gpu::Gpu::runs).
std::string DoesNotRun(const std::string& gpu);

}  // namespace chorus::launch
