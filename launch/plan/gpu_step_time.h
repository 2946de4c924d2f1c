#pragma once
// How long a step takes where workers compute on GPUs. A step of a worker is a sequence
// (worker/train/trainer.cc): rows are packed and go to the device; its kernels run, while the next
// step's keys are packed and follow; results come back; push, sum, update. The sum is assumed not to overlap the
// backward pass, though it may: the real step can be faster. Everything that several ranks share bounds the step from
// below, as on CPUs (step_time.h), and so do the device, its bus and the links between devices. Thread safety: pure
// functions.

#include <vector>

#include "launch/plan/gpu_work.h"
#include "launch/plan/plan.pb.h"
#include "launch/plan/step_time.h"

namespace chorus::launch {

struct GpuStepTime : StepTime {
  std::vector<PlanTime> compute;  // the parts of "compute"
};

GpuStepTime PredictGpuStep(const StepWork& work, const GpuWork& gpu, const PlanRates& rates);

}  // namespace chorus::launch
