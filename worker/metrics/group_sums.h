#pragma once
// What groups (users, requests) add to GAUC, NDCG@k and Recall@k: counts and exact sums, so that
// parts of an evaluation, each of whole groups, merge in any order to the same bits.
// Thread safety: none.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/report.pb.h"
#include "common/status.h"
#include "worker/metrics/task_rows.h"
#include "worker/statistics/exact_sum.h"
#include "worker/statistics/group_values.h"

namespace chorus::worker {

// What metrics by group need of an exposure. A message between workers of one job is made of these
// as they are in memory.
struct GroupedRow {
  uint64_t group = 0;
  uint64_t row_id = 0;
  std::array<double, kTasks> logit = {};  // LogitOf, by Task
  float weight = 1;
  uint8_t click = 0;       // 0 or 1
  uint8_t conversion = 0;  // 0 or 1; 0 where click is 0
  uint8_t zeros[2] = {};
};
static_assert(sizeof(GroupedRow) == 16 + 8 * kTasks + 8);

// The weighted mean of a metric over the groups that have a value.
struct GroupMean {
  uint64_t groups = 0;
  ExactSum values;  // weight times value
  ExactSum weights;

  void Add(const GroupValues& of_groups);
  void Merge(const GroupMean& other);
  std::optional<double> Mean() const;
};

class GroupSums {
 public:
  explicit GroupSums(std::span<const uint32_t> k);  // of NDCG@k and Recall@k

  // Adds groups whose rows are all among these. Rows of one group that have the same logit and row
  // id keep their order. Memory meanwhile: about 150 bytes per row.
  void Add(std::span<const GroupedRow> rows);
  void Merge(const GroupSums& other);  // REQUIRES: the same k

  std::string Serialize() const;
  // Adds what another worker's Serialize gave. Error: kDataLoss; then the sums are of no use.
  Status Merge(std::string_view serialized);

  // Adds to what MetricsAccumulator reported of the same log: GAUC of every task, weighted where
  // the log has weights, and the ranking metrics of pCTCVR.
  void AddTo(Evaluation* evaluation) const;

 private:
  std::vector<uint32_t> k_;
  uint64_t groups_ = 0;
  std::array<GroupMean, kTasks> auc_;
  std::vector<GroupMean> ndcg_, recall_;  // [k]
};

}  // namespace chorus::worker
