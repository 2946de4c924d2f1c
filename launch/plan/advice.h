#pragma once
// What would make a planned job faster or smaller: the same model of a step with other numbers of
// servers and threads, and other settings. Thread safety: pure function.

#include <string>
#include <vector>

#include "common/config.pb.h"
#include "launch/plan/plan.pb.h"
#include "launch/plan/step_time.h"

namespace chorus::launch {

// Lines for people, the most useful first; none where nothing gains 3 % or more.
std::vector<std::string> AdviceFor(const TrainConfig& config, const StepWork& work,
                                   const PlanRates& rates);

}  // namespace chorus::launch
