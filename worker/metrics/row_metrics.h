#pragma once
// The metrics against the truth of a generated log that histograms cannot give, because they need
// all exposures at once: those of the tenth with the lowest pCTR. Thread safety: pure function.

#include "common/report.pb.h"
#include "worker/metrics/scores.h"

namespace chorus::worker {

// Adds to what MetricsAccumulator reported oracle space "L": the exposures that LowestPart
// (worker/statistics/order.h) selects by the model's own pCTR. The result depends on the rows and
// not on their order. REQUIRES: scores.has_oracle.
void AddLowestTenth(const Scores& scores, Evaluation* evaluation);

}  // namespace chorus::worker
