#pragma once
// The metrics that histograms cannot give, because they need all exposures at once: by group (GAUC,
// NDCG@k, Recall@k), and against the truth on the tenth of exposures with the lowest pCTR. Worker 0
// holds the Scores of the whole log for them (34 to 50 bytes per exposure) and, while they are
// computed, 46 bytes more per exposure (104 where every exposure is a group of its own).
// Thread safety: pure functions.

#include <cstdint>
#include <span>

#include "common/report.pb.h"
#include "worker/metrics/scores.h"

namespace chorus::worker {

// Both functions add to what MetricsAccumulator reported. Their results depend on the rows and not
// on the order of the rows.

// Adds GAUC of every task, weighted where the log has weights, and NDCG@k and Recall@k of pCTCVR
// for each k. Exposures without a group (kNoGroup) are of none. REQUIRES: scores.has_group.
void AddGroupMetrics(const Scores& scores, std::span<const uint32_t> k, Evaluation* evaluation);
// Adds oracle space "L": the exposures that LowestPart (worker/statistics/order.h) selects by the
// model's own pCTR. REQUIRES: scores.has_oracle.
void AddLowestTenth(const Scores& scores, Evaluation* evaluation);

}  // namespace chorus::worker
