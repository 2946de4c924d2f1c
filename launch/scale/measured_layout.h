#pragma once
// Turns the counters of the ranks of several runs into the figures of a layout. Thread safety: pure
// functions.

#include <vector>

#include "launch/plan/plan.pb.h"
#include "launch/scale/scale.pb.h"

namespace chorus::launch {

// Seconds of a step in a run: the mean over all but the first steps, in which rows and memory are
// made. A fifth of the steps are left out, at least two where there are more than four.
double StepSecondsOf(const ScaleRun& run);

// The figures of a layout except its efficiency. runs: at least one, all of this layout.
ScaleLayout MeasureLayout(const std::vector<ScaleRun>& runs, const JobPlan& plan);

// Fills in efficiencies: exposures per second and worker, relative to the first layout. Their
// intervals are computed from those of the steps' times, as if these were independent.
void CompareLayouts(std::vector<ScaleLayout>* layouts);

}  // namespace chorus::launch
