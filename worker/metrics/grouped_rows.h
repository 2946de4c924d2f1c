#pragma once
// Keeps the rows of some groups until all have come, then computes what the groups add to an
// evaluation. Rows are kept in buckets by a hash of the group, so that sorting needs memory for a
// bucket alone, and buckets are computed side by side. Memory: 53 bytes per row.
// Thread safety: none.

#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "worker/metrics/group_sums.h"

namespace chorus::worker {

// Which of `workers` workers has the group of this id.
uint32_t WorkerOfGroup(uint64_t group, uint32_t workers);

class GroupedRows {
 public:
  GroupedRows();
  // Of rows of one group that have the same logit and row id, the one that is added first comes
  // first.
  void Add(const GroupedRow& row);
  uint64_t rows() const { return rows_; }
  // The sums of all groups, which ends the object's use: it frees the rows on the way. Up to
  // `threads` threads compute; they change nothing but the time.
  GroupSums TakeSums(std::span<const uint32_t> k, uint32_t threads);

 private:
  std::vector<std::deque<GroupedRow>> buckets_;
  uint64_t rows_ = 0;
};

}  // namespace chorus::worker
