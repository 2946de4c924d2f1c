#pragma once
// The metrics of a run that stand or fall with the order of its scores: AUC, KS, ECE of the tasks,
// and AUC against the truth. They are made from every score, as their intervals are (run_draws.h),
// not from the histogram of the run's own evaluation, whose bins hold near scores for equal.
// Thread safety: pure function.

#include <vector>

#include "common/compare.pb.h"
#include "worker/scores.h"

namespace chorus::launch {

// Undefined ones are left out. Definitions: worker/statistics (auc.h, resampled_metric.h).
std::vector<RunMetric> ExactMetrics(const worker::Scores& scores);

}  // namespace chorus::launch
