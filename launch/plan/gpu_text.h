#pragma once
// What a plan says of GPUs, for people. Thread safety: pure functions.

#include <string>
#include <vector>

#include "launch/plan/plan.pb.h"

namespace chorus::launch {

// What a worker's device holds and does: lines of a plan.
std::string GpuText(const PlanGpu& gpu);

// A table of layouts with GPUs, in their order: efficiency is the exposures per second and GPU
// against the first layout.
std::string GpuTableText(const std::vector<JobPlan>& plans);

}  // namespace chorus::launch
