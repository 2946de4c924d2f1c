#pragma once
// The paired bootstrap by group. The rows of one user (or request) are drawn together, since they
// depend on one another. All runs see the same draws, so that what two runs share cancels in their
// difference.
//
// Poisson bootstrap (Hanley & MacGibbon 2006; Oza & Russell 2001): in replicate r group g counts
// Poisson(1) times, a function of (seed, r, id of g) alone. For many groups that is the multinomial
// bootstrap with a random total. No replicate needs the numbers of another, so that replicates run
// in parallel, and the result does not depend on threads, on the order of the rows or on the other
// runs. The draws of a run are made once; the draws of any contrast of runs are differences of
// these. Thread safety: DrawReplicates needs the pool for itself; the others are pure functions.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "worker/math/thread_pool.h"
#include "worker/statistics/resampled_metric.h"

namespace chorus::worker {

struct BootstrapOptions {
  uint64_t seed = 1;
  uint32_t replicates = 1000;
};

// One metric of one run.
struct MetricDraws {
  std::optional<double> value;  // on the rows as they are
  std::vector<double> draws;    // [replicates]; NaN where the metric is undefined
};

// group_ids: [groups], unique, and the same in all calls whose draws are to be paired. One result
// per metric.
std::vector<MetricDraws> DrawReplicates(std::span<const ResampledMetric* const> metrics,
                                        std::span<const uint64_t> group_ids,
                                        const BootstrapOptions& options, ThreadPool* pool);

// The standard error of sum_k c_k value_k: the standard deviation of its draws. Its square is a
// sampling variance of combine.h.  draws: [k], of the same replicates. Absent when a value is
// absent, or when fewer than half of the replicates have draws of all k.
std::optional<double> ContrastError(std::span<const MetricDraws* const> draws,
                                    std::span<const double> coefficients);

// How many times replicate `replicate` draws the group: Poisson(1).
uint8_t GroupCount(uint64_t seed, uint32_t replicate, uint64_t group_id);

}  // namespace chorus::worker
