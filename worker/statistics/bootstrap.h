#pragma once
// The paired bootstrap by group: rows of one user (or request) are drawn together, and all runs see
// the same draws, so that the difference of two runs varies as the difference does.
//
// Poisson bootstrap (Hanley & MacGibbon 2006; Oza & Russell 2001): in replicate r group g counts
// Poisson(1) times, a function of (seed, r, id of g) alone. For many groups that is the multinomial
// bootstrap with a random total; no replicate needs another's numbers, so replicates run in
// parallel and the result depends on neither threads nor the rows' order nor who else is compared.
// The draws of a run are made once; any contrast of runs is then a subtraction of draws.
// Thread safety: DrawReplicates has the pool for itself; the others are pure.

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

// group_ids: [groups], unique; equal in all calls whose draws are to be paired. One result a
// metric.
std::vector<MetricDraws> DrawReplicates(std::span<const ResampledMetric* const> metrics,
                                        std::span<const uint64_t> group_ids,
                                        const BootstrapOptions& options, ThreadPool* pool);

// The standard error of sum_k c_k value_k, as its draws vary; its square is the sampling variance
// of combine.h. draws: [k], of the same replicates. Absent when a value is, or under half of the
// replicates are defined for every metric.
std::optional<double> ContrastError(std::span<const MetricDraws* const> draws,
                                    std::span<const double> coefficients);

// How often replicate `replicate` draws the group: Poisson(1).
uint8_t GroupCount(uint64_t seed, uint32_t replicate, uint64_t group_id);

}  // namespace chorus::worker
