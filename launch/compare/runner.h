#pragma once
// Trains the runs of comparisons one after another (launch/job/job.h) and leaves DONE in the folder of
// each; runs that are done already are passed over. Thread safety: one call a process, from main's
// thread; under mpirun every rank calls it.

#include <functional>
#include <vector>

#include "common/status.h"
#include "launch/compare/plan.h"

namespace chorus::launch {

// Gives the plans; called on the first rank alone.
using PlanSource = std::function<Result<std::vector<ComparePlan>>()>;

// Returns true on the first rank, with all runs done.
Result<bool> TrainRuns(const PlanSource& plans);

}  // namespace chorus::launch
