#pragma once
// Combines all workers' gradients of one step, for one table in one shard. Each row's terms are
// summed along the canonical tree (common/tree.h), so that the sum does not depend on how many
// workers brought them.
// Thread safety: none, it owns scratch memory; each owner thread has one.

#include <cstdint>
#include <span>
#include <vector>

#include "common/tree.h"
#include "ps/table.h"

namespace chorus::ps {

// The rows that one worker looked up in this table and shard in the gradients' step.
struct WorkerRows {
  std::span<const uint32_t> rows;  // row indices, in the order of the worker's keys
};

// The gradients of one subtree for some of those rows.
struct GradientTerm {
  uint32_t worker = 0;  // index into the WorkerRows
  TreeNode node;
  // True: there is a gradient for every row of the worker, in order, and `positions` is empty.
  bool all = false;
  std::span<const uint32_t> positions;  // [m]: first_position + index into the worker's rows
  uint32_t first_position = 0;
  const float* gradients = nullptr;  // [m, dim]
};

class GradientCombiner {
 public:
  // Calls apply(RowHeader*, row index, const float* gradient [dim]) once for every row that some
  // worker looked up; the gradient of a row that no term covers is zero. terms: in the order of
  // their nodes, which are disjoint.
  template <typename Apply>
  void Combine(const Table& table, std::span<const WorkerRows> workers,
               std::span<const GradientTerm> terms, uint32_t grains, Apply&& apply);

 private:
  // A row is prefetched this many rows before it is used.
  static constexpr size_t kAhead = 12;

  // Whether one term covers all rows of the only worker that has any: its gradients are the sums.
  static bool IsPlain(std::span<const WorkerRows> workers, std::span<const GradientTerm> terms);
  void AssignCells(const Table& table, std::span<const WorkerRows> workers);
  void CollectTerms(std::span<const GradientTerm> terms, uint32_t dim);
  const float* Sum(uint32_t cell, std::span<const GradientTerm> terms, uint32_t dim,
                   uint32_t grains);

  // A cell is a row of this call's sum: distinct rows are numbered in the order in which they come.
  // Parts are the gradients that are added in a cell.
  struct Part {
    uint32_t term;
    const float* gradient;
  };
  std::vector<uint32_t> cell_rows_;           // [cell]: row index
  std::vector<std::vector<uint32_t>> cells_;  // [worker][i]: cell of its i-th row
  std::vector<uint32_t> part_begins_;         // [cells + 1]
  std::vector<Part> parts_;                   // by cell, then by term
  std::vector<TreeNode> nodes_;
  std::vector<float> sums_;  // [parts of a cell, dim]
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
  AssignCells(table, workers);
  CollectTerms(terms, dim);
  for (uint32_t cell = 0; cell < cell_rows_.size(); ++cell) {
    if (cell + kAhead < cell_rows_.size())
      PrefetchRow(table.row(cell_rows_[cell + kAhead]), row_bytes);
    const float* const gradient = Sum(cell, terms, dim, grains);
    apply(table.row(cell_rows_[cell]), cell_rows_[cell], gradient);
  }
}

}  // namespace chorus::ps
