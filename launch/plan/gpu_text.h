#pragma once
// The text of a plan about GPUs, for people. Thread safety: pure functions.

#include <string>
#include <vector>

#include "launch/plan/plan.pb.h"

namespace chorus::launch {

// The lines of a plan about a worker's device: its memory and its work.
std::string GpuText(const PlanGpu& gpu);

// A table of layouts with GPUs, in their order. Efficiency is the number of exposures per second
// and GPU, relative to the first layout.
std::string GpuTableText(const std::vector<JobPlan>& plans);

}  // namespace chorus::launch
