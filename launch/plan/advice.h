#pragma once
// Advice that would make a planned job faster or smaller, found by the same model of a step with
// other numbers of servers and threads, and with other settings. Thread safety: pure functions.

#include <functional>
#include <string>
#include <vector>

#include "common/config.pb.h"
#include "launch/plan/plan.pb.h"
#include "launch/plan/step_time.h"

namespace chorus::launch {

struct Gain {
  double gain = 0;  // share of the step's time that is saved
  std::string line;
};
constexpr double kWorthwhileGain = 0.03;

// Lines for people, the most useful first; none where nothing gains 3 % or more.
std::vector<std::string> AdviceFor(const TrainConfig& config, const StepWork& work,
                                   const PlanRates& rates);

// The gains from more servers and threads, and from rows that are pulled earlier. seconds: the model of a step's time
// to use.
std::vector<Gain> GainsOf(const TrainConfig& config, const StepWork& work,
                          const std::function<double(const StepWork&)>& seconds);

// The largest gain first.
std::vector<std::string> LinesOf(std::vector<Gain> gains);

// "12 %".
std::string PercentOf(double share);

}  // namespace chorus::launch
