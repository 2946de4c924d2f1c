#pragma once
// Metrics inside groups (users, requests), whose weighted mean is GAUC, NDCG@k or Recall@k.
// Thread safety: pure functions.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "worker/statistics/resampled_metric.h"

namespace chorus::worker {

// Group ids as positions in a sorted list.
struct GroupNumbers {
  std::vector<uint64_t> ids;     // ascending, unique
  std::vector<uint32_t> of_row;  // [n], index into ids
};
GroupNumbers NumberGroups(std::span<const uint64_t> group_of_row);

// Value g counts weight[g] times; weight 0: the group has no value.
struct GroupValues {
  std::vector<double> value;   // [groups]
  std::vector<double> weight;  // [groups]
  uint64_t groups_counted() const;
  double total_weight() const;
  // counts: [groups], how often each group is there, or empty: once. Absent when nothing counts.
  std::optional<double> Mean(std::span<const uint8_t> counts = {}) const;
};

// Row numbers, group by group (group g: order[begin[g], begin[g + 1])), in a group by descending
// logit, ties by row id, then by row number: the ranking that NDCG and Recall cut. A label counts
// as 1 from 1/2 on.
struct GroupRanking {
  std::vector<uint32_t> order;  // [n]
  std::vector<uint32_t> begin;  // [groups + 1]
};
GroupRanking RankGroups(const MetricRows& rows, uint32_t groups);

// AUC of groups with both classes, ties counted half; weight: the group's rows.
GroupValues AucOfGroups(const MetricRows& rows, const GroupRanking& ranking);
// Groups with a positive, weight 1.  DCG = sum over the first k of label / log2(1 + position),
// divided by the DCG of the best order;  recall: positives among the first k / positives.
GroupValues NdcgOfGroups(const MetricRows& rows, const GroupRanking& ranking, uint32_t k);
GroupValues RecallOfGroups(const MetricRows& rows, const GroupRanking& ranking, uint32_t k);

}  // namespace chorus::worker
