#pragma once
// The metrics of a run that take another run's pCTR, the comparison's common CTR net: CTCVR AUC as
// ESMM's paper measures it, and PCOC where clicks are rarest.
// Thread safety: const; one thread.

#include <vector>

#include "launch/compare/finished_runs.h"

namespace chorus::launch {

// Nothing for what cannot be known: no truth, no common run of that seed and fold, a reference's
// own pCTR.
Result<std::vector<RunMetric>> CommonCtrMetrics(const FinishedRuns& finished,
                                                const FinishedRun& run);

// The pCTR logits that stand for the run's in such metrics are those of this run; null: none.
const FinishedRun* CommonCtrRun(const FinishedRuns& finished, const FinishedRun& run);

}  // namespace chorus::launch
