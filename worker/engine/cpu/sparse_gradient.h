#pragma once
// Gradients of embedding rows: those of one grain, and their sums along the canonical tree over a
// worker's grains. Thread safety: a combiner serves one thread at a time; the work inside runs on
// its pool.

#include <cstdint>
#include <vector>

#include "common/tree.h"
#include "worker/math/thread_pool.h"

namespace chorus::worker {

// Gradients of one table instance: of one grain, or summed over a node's grains.
struct SparseGradient {
  std::vector<uint32_t> positions;  // [m], ascending, unique: rows of the step's TableKeys.keys
  std::vector<float> gradients;     // [m, dim]
};

class SparseCombiner {
 public:
  explicit SparseCombiner(ThreadPool* pool) : pool_(pool) {}

  // Sums the grains of one node, key by key: grains[i] belongs to grain node.begin + i, and a grain
  // that lacks a key is skipped. keys: number of keys of this table in the step. The grains'
  // gradients are used up. The contents of *sum are lost, and its memory is reused.
  void Combine(TreeNode node, uint32_t dim, uint32_t keys,
               const std::vector<SparseGradient*>& grains, SparseGradient* sum);

 private:
  ThreadPool* const pool_;
  // Contributions by key: rows of `sources_` [offsets_[p], offsets_[p + 1]) belong to position p.
  std::vector<uint32_t> offsets_;
  std::vector<uint32_t> grain_of_;
  std::vector<float*> sources_;
};

}  // namespace chorus::worker
