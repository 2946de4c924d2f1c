#pragma once
// The part of a plan about GPUs: times, bottleneck and advice, and each device's memory and work.
// Thread safety: pure functions.

#include "common/config.pb.h"
#include "launch/plan/gpu_work.h"
#include "launch/plan/job_plan.h"
#include "launch/plan/plan.pb.h"

namespace chorus::launch {

// As Predict (job_plan.h), but also sets plan.gpu and adds page-locked memory to the memory of
// workers. traced: a layout with this GPU.
void PredictOnGpus(const TrainConfig& config, const PlanRates& rates, const GpuWork& gpu,
                   TracedJob* traced);

}  // namespace chorus::launch
