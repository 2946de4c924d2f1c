#pragma once
// How long a step takes where workers compute on GPUs. A step of a worker is a sequence
// (worker/train/trainer.cc): rows are packed and go to the device; its kernels run, while the next
// step's keys are packed and follow; results come back; push, sum, update. No part of the sum is
// taken to overlap the backward pass, which it may: the time is one to be bettered. What several
// ranks share bounds the step from below, as on CPUs (step_time.h), and so do the device, its bus and
// the links between devices. Thread safety: pure functions.

#include <vector>

#include "launch/plan/gpu_work.h"
#include "launch/plan/plan.pb.h"
#include "launch/plan/step_time.h"

namespace chorus::launch {

struct GpuStepTime : StepTime {
  std::vector<PlanTime> compute;  // what the part "compute" consists of
};

GpuStepTime PredictGpuStep(const StepWork& work, const GpuWork& gpu, const PlanRates& rates);

}  // namespace chorus::launch
