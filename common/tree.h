#pragma once
// The canonical tree: a fixed binary tree over the grains of a step. Whatever is summed over a step
// (dense gradients, sparse gradients per key, loss terms) is summed along it, so that the result
// depends on the grains alone and not on who computed them. A worker owns a contiguous range of
// grains and contributes the sums of the largest subtrees inside its range.
// Thread safety: pure functions.

#include <cstdint>
#include <vector>

namespace chorus {

// The subtree over grains [begin, begin + size). size is a power of two and divides begin.
struct TreeNode {
  uint32_t begin = 0;
  uint32_t size = 0;
  uint32_t end() const { return begin + size; }
  friend bool operator==(const TreeNode&, const TreeNode&) = default;
};

struct GrainRange {
  uint32_t begin = 0;
  uint32_t end = 0;
  uint32_t size() const { return end - begin; }
};

// The grains that worker `worker` of `workers` computes; REQUIRES: grains >= 1, workers >= 1.
// Ranges are contiguous, in order of the workers, differ by at most one grain, and may be empty;
// grain 0 is worker 0's.
GrainRange GrainsOfWorker(uint32_t worker, uint32_t workers, uint32_t grains);

// The largest subtrees inside the range, in order. They cover the range.
std::vector<TreeNode> MaximalNodes(GrainRange range);

// Sums terms along the canonical tree over [0, grains). Term i belongs to nodes[i]; the nodes are
// disjoint and in order, and need not cover everything: an absent term is skipped, and not added as
// zero. add(into, from) does term `into` += term `from`, given their numbers. On return term 0 is
// the sum, and the others are used up. REQUIRES: there is a node; grains is a power of two.
template <typename Add>
void ReduceAlongTree(const TreeNode* nodes, uint32_t count, TreeNode root, uint32_t first,
                     Add&& add) {
  if (count <= 1) return;
  const uint32_t middle = root.begin + root.size / 2;
  uint32_t left = 0;
  while (left < count && nodes[left].begin < middle) ++left;
  ReduceAlongTree(nodes, left, {root.begin, root.size / 2}, first, add);
  ReduceAlongTree(nodes + left, count - left, {middle, root.size / 2}, first + left, add);
  if (left > 0 && left < count) add(first, first + left);
}

template <typename Add>
void ReduceAlongTree(const std::vector<TreeNode>& nodes, uint32_t grains, Add&& add) {
  ReduceAlongTree(nodes.data(), static_cast<uint32_t>(nodes.size()), {0, grains}, 0, add);
}

}  // namespace chorus
