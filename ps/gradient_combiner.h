#pragma once
// All workers' gradients of one step for one table in one shard, combined per row along the
// canonical tree: the sum does not depend on how many workers brought its terms. Thread safety:
// none (it owns scratch); one an owner thread.

#include <cstdint>
#include <span>
#include <vector>

#include "common/tree.h"
#include "ps/table.h"

namespace chorus::ps {

// The rows one worker looked up in this table and shard in the gradients' step.
struct WorkerRows {
  std::span<const uint32_t> rows;  // row indices, in the order of its keys
};

// The gradients of one subtree for some of those rows.
struct GradientTerm {
  uint32_t worker = 0;  // index into the WorkerRows
  TreeNode node;
  bool all = false;                     // of every row of the worker, in order
  std::span<const uint32_t> positions;  // [m]: first_position + index into the worker's rows
  uint32_t first_position = 0;
  const float* gradients = nullptr;  // [m, dim]
};

class GradientCombiner {
 public:
  // Calls apply(RowHeader*, row index, const float* gradient [dim]) once for every row that a
  // worker looked up (a zero gradient where no term covers it). terms: in the order of their nodes,
  // which are disjoint.
  template <typename Apply>
  void Combine(const Table& table, std::span<const WorkerRows> workers,
               std::span<const GradientTerm> terms, uint32_t grains, Apply&& apply);

 private:
  // Rows ahead of the one being updated that the cache is asked for.
  static constexpr size_t kAhead = 12;

  // True if one term covers the rows of the only worker that has any.
  static bool IsPlain(std::span<const WorkerRows> workers, std::span<const GradientTerm> terms);
  void AssignSlots(const Table& table, std::span<const WorkerRows> workers);
  void CollectTerms(std::span<const GradientTerm> terms, uint32_t dim);
  const float* Sum(uint32_t slot, std::span<const GradientTerm> terms, uint32_t dim,
                   uint32_t grains);

  struct Part {
    uint32_t term;
    const float* gradient;
  };
  std::vector<uint32_t> slot_rows_;           // [slot]: row index
  std::vector<std::vector<uint32_t>> slots_;  // [worker][i]: slot of its i-th row
  std::vector<uint32_t> part_begins_;         // [slots + 1]
  std::vector<Part> parts_;                   // by slot, then by term
  std::vector<TreeNode> nodes_;
  std::vector<float> sums_;  // [parts of a slot, dim]
};

template <typename Apply>
void GradientCombiner::Combine(const Table& table, std::span<const WorkerRows> workers,
                               std::span<const GradientTerm> terms, uint32_t grains,
                               Apply&& apply) {
  const uint32_t dim = table.type().layout.dim;
  const uint32_t row_bytes = table.type().layout.stride_bytes();
  if (IsPlain(workers, terms)) {
    const auto rows = workers[terms[0].worker].rows;
    for (size_t i = 0; i < rows.size(); ++i) {
      if (i + kAhead < rows.size()) PrefetchRow(table.row(rows[i + kAhead]), row_bytes);
      apply(table.row(rows[i]), rows[i], terms[0].gradients + i * dim);
    }
    return;
  }
  AssignSlots(table, workers);
  CollectTerms(terms, dim);
  for (uint32_t slot = 0; slot < slot_rows_.size(); ++slot) {
    if (slot + kAhead < slot_rows_.size())
      PrefetchRow(table.row(slot_rows_[slot + kAhead]), row_bytes);
    const float* const gradient = Sum(slot, terms, dim, grains);
    apply(table.row(slot_rows_[slot]), slot_rows_[slot], gradient);
  }
}

}  // namespace chorus::ps
