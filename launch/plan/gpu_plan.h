#pragma once
// The part of a plan that is of GPUs: times, bottleneck and advice, and what each device holds and
// does. Thread safety: pure functions.

#include "common/config.pb.h"
#include "launch/plan/gpu_work.h"
#include "launch/plan/job_plan.h"
#include "launch/plan/plan.pb.h"

namespace chorus::launch {

// As Predict (job_plan.h), and plan.gpu; the page-locked memory of workers is added to theirs.
// traced: of a layout with this GPU.
void PredictOnGpus(const TrainConfig& config, const PlanRates& rates, const GpuWork& gpu,
                   TracedJob* traced);

}  // namespace chorus::launch
