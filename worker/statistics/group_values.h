#pragma once
// Values of a metric inside groups (users, requests). Their weighted means are GAUC, NDCG@k and
// Recall@k.
// Thread safety: pure functions.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "worker/statistics/resampled_metric.h"

namespace chorus::worker {

// Groups by number: the position of the group's id in a sorted list of the ids.
struct GroupNumbers {
  std::vector<uint64_t> ids;     // ascending, unique
  std::vector<uint32_t> of_row;  // [n], index into ids
};
GroupNumbers NumberGroups(std::span<const uint64_t> group_of_row);

// The values of all groups with their weights. A group without a value has weight 0.
struct GroupValues {
  std::vector<double> value;   // [groups]
  std::vector<double> weight;  // [groups]
  uint64_t groups_counted() const;
  double total_weight() const;
  // The weighted mean.  counts: [groups], how many times each group is there; empty: once each.
  // Absent when the sum of the weights is 0.
  std::optional<double> Mean(std::span<const uint8_t> counts = {}) const;
};

// Row numbers group by group; those of group g are order[begin[g] .. begin[g + 1]). Inside a group
// they are ordered by descending logit, then by row id, then by row number: NDCG@k and Recall@k
// read the first k of each group. In the three metrics a label counts as 1 if it is at least 1/2.
struct GroupRanking {
  std::vector<uint32_t> order;  // [n]
  std::vector<uint32_t> begin;  // [groups + 1]
};
GroupRanking RankGroups(const MetricRows& rows, uint32_t groups);

// AUC of the groups with both classes, ties counted half. The weight is the sum of those of the
// group's rows.
GroupValues AucOfGroups(const MetricRows& rows, const GroupRanking& ranking);
// The values of the groups with a positive, each with weight 1. NDCG: DCG = sum over the first k of
// label / log2(1 + position), divided by the DCG of the best order. Recall: positives among the
// first k / positives.
GroupValues NdcgOfGroups(const MetricRows& rows, const GroupRanking& ranking, uint32_t k);
GroupValues RecallOfGroups(const MetricRows& rows, const GroupRanking& ranking, uint32_t k);

}  // namespace chorus::worker
