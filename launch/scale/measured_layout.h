#pragma once
// From what the ranks of several runs counted to the figures of a layout. Thread safety: pure
// functions.

#include <vector>

#include "launch/plan/plan.pb.h"
#include "launch/scale/scale.pb.h"

namespace chorus::launch {

// Seconds of a step in a run: the mean over all but the first ones, in which rows and memory are
// made: a fifth of them, two at least where there are more than four.
double StepSecondsOf(const ScaleRun& run);

// The figures of a layout but for its efficiency.  runs: of this layout, at least one.
ScaleLayout MeasureLayout(const std::vector<ScaleRun>& runs, const JobPlan& plan);

// Fills efficiencies: exposures a second and worker, against the first layout. Intervals come from
// those of the steps' times, as of independent quantities.
void CompareLayouts(std::vector<ScaleLayout>* layouts);

}  // namespace chorus::launch
