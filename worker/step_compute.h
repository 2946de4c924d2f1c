#pragma once
// A worker's grains of one step: forward, losses and backward for each on the thread pool, and
// their sums along the canonical tree, dense and sparse. Memory is taken once. Thread safety: the
// trainer's thread; the work inside runs on the session's pool.

#include <memory>
#include <span>
#include <vector>

#include "worker/aligned_matrix.h"
#include "worker/collective.h"
#include "worker/row_pointers.h"
#include "worker/session.h"
#include "worker/sparse_gradient.h"
#include "worker/step_reader.h"

namespace chorus::worker {

class StepCompute {
 public:
  // extras: doubles a grain that ride in the step's sum behind the loss terms.
  StepCompute(Session* session, uint32_t extras);

  // Computes every grain of `batch`. scales: [terms], ScalesOf the whole step's Normalizers. Error:
  // kInternal when a logit, a loss or a gradient is not finite: names grain and head, block or
  // slot.
  Status Train(const StepBatch& batch, const PulledRows& rows, const std::vector<double>& scales);

  // Grain g's extras, [extras]; g counts from this worker's first grain.
  std::span<double> Extras(uint32_t grain);

  // Sums over this worker's nodes: dense gradients [nodes, parameters] and [nodes, terms + extras].
  // The memory belongs to this object. ExtraSums: without gradients, and terms are 0 (before the
  // first step).
  TreeTerms NodeSums();
  TreeTerms ExtraSums();

  // Sums of the sparse gradients by table instance and node; lr_factors are the caller's.
  StepGradients CombineSparse(const StepBatch& batch);

  uint64_t contexts_pooled() const { return contexts_pooled_; }

 private:
  Status TrainGrain(uint32_t index, const StepBatch& batch, const std::vector<double>& scales,
                    Workspace* workspace);
  void SumGradients(uint32_t first_grain, TreeNode node);
  MatrixView<const float> GradientsOfNodes();
  MatrixView<const double> DoublesOfNodes();

  Session* const session_;
  const GrainRange range_;
  const std::vector<TreeNode> nodes_;
  const uint32_t terms_;
  const uint32_t columns_;  // terms and extras
  // Activations are of no use once a grain is done: the next one finds the memory in the cache.
  std::vector<std::unique_ptr<Workspace>> workspaces_;  // [threads]
  std::vector<std::vector<SparseGradient>> sparse_;     // [grains][table instances]
  AlignedMatrix
      gradients_;  // [grains, parameters]; after summing, a node's sum in its first grain's row
  AlignedMatrix node_gradients_;       // [nodes, parameters], when there are several nodes
  std::vector<double> grain_doubles_;  // [grains, columns]
  std::vector<double> node_doubles_;   // [nodes, columns]
  RowPointers rows_;
  SparseCombiner combiner_;
  uint64_t contexts_pooled_ = 0;
};

}  // namespace chorus::worker
