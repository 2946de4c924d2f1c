#pragma once
// Doubles of a worker's grains, and their sums over its nodes of the canonical tree. Memory is
// taken once for each number of columns. Thread safety: none.

#include <cstdint>
#include <span>
#include <vector>

#include "common/matrix_view.h"
#include "common/tree.h"
#include "worker/collective/collective.h"

namespace chorus::worker {

class GrainDoubles {
 public:
  // Zeros.  nodes: MaximalNodes of the worker's grains.
  explicit GrainDoubles(std::vector<TreeNode> nodes, uint32_t columns = 0);
  // All become 0.
  void Reset(uint32_t columns);

  // [columns]; g counts from the worker's first grain.
  std::span<double> grain(size_t g) { return {&grains_[g * columns_], columns_}; }

  // Terms of a sum over workers: the doubles' sums over nodes beside `floats`, [nodes, n], or none.
  // The memory belongs to this object, until the next call.
  TreeTerms Terms(MatrixView<const float> floats);
  TreeTerms Terms() { return Terms({nullptr, static_cast<int64_t>(nodes_.size()), 0}); }

 private:
  const std::vector<TreeNode> nodes_;
  std::vector<TreeNode> leaves_;  // the grains
  uint32_t columns_ = 0;
  std::vector<double> grains_;     // [grains, columns]
  std::vector<double> sums_;       // likewise; a node's sum in its first grain's row
  std::vector<double> node_sums_;  // [nodes, columns]
};

}  // namespace chorus::worker
