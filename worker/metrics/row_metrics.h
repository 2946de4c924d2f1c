#pragma once
// The metrics that histograms cannot give, from all exposures at once: by group (GAUC, NDCG@k,
// Recall@k) and against the truth on the tenth of exposures with the lowest pCTR. They cost worker
// 0 the Scores of the whole log (34 to 50 bytes an exposure) and, while they are made, 46 bytes an
// exposure more (104 where every exposure is a group of its own). Thread safety: pure functions.

#include <cstdint>
#include <span>

#include "common/report.pb.h"
#include "worker/metrics/scores.h"

namespace chorus::worker {

// Both add to what MetricsAccumulator reported, and depend on the rows, not on their order.

// GAUC of every task; NDCG@k and Recall@k of pCTCVR for each k. REQUIRES: scores.has_group.
void AddGroupMetrics(const Scores& scores, std::span<const uint32_t> k, Evaluation* evaluation);
// Oracle space "L", by the model's own pCTR (LowestPart in statistics/order.h says which exposures
// are in). REQUIRES: scores.has_oracle.
void AddLowestTenth(const Scores& scores, Evaluation* evaluation);

}  // namespace chorus::worker
