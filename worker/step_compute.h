#pragma once
// A worker's grains of one step: forward, losses and backward for each on the thread pool, and
// their sums along the canonical tree, dense and sparse. Memory is taken once. Thread safety: the
// trainer's thread; the work inside runs on the session's pool.

#include <functional>
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

  // The step that the calls below are about, until the next Begin. Both arguments outlive them.
  void Begin(const StepBatch& batch, const PulledRows& rows);

  // For objectives whose denominators need logits (partials() > 0): the forward pass of every
  // grain, and the sums over this worker's nodes, [nodes, partials]. Train then goes on from the
  // kept activations. Error: as Train.
  Status Forward();
  TreeTerms PartialSums();

  // Computes every grain. scales: [terms], ScalesOf the whole step's Normalizers. Error:
  // kFailedPrecondition when a logit or a gradient is not finite: names grain and head, block or
  // slot.
  Status Train(const std::vector<double>& scales);

  // Grain g's extras, [extras]; g counts from this worker's first grain.
  std::span<double> Extras(uint32_t grain);

  // Sums over this worker's nodes: dense gradients [nodes, parameters] and [nodes, terms + extras].
  // The memory belongs to this object. ExtraSums: without gradients, and terms are 0 (before the
  // first step).
  TreeTerms NodeSums();
  TreeTerms ExtraSums();

  // Sums of the sparse gradients by table instance and node; lr_factors are the caller's.
  StepGradients CombineSparse();

  uint64_t contexts_pooled() const { return contexts_pooled_; }

 private:
  GrainInput InputOf(uint32_t index) const;
  Status ForwardGrain(uint32_t index, Workspace* workspace);
  Status TrainGrain(uint32_t index, const std::vector<double>& scales, Workspace* workspace);
  Status ForEachGrain(const std::function<Status(uint32_t index, uint32_t thread)>& work);
  void SumGradients(uint32_t first_grain, TreeNode node);
  MatrixView<const float> GradientsOfNodes();
  MatrixView<const double> DoublesOfNodes(const std::vector<double>& grains, uint32_t columns,
                                          std::vector<double>* nodes) const;
  // The workspace of a grain: its own where activations are kept, else that of the thread.
  Workspace* WorkspaceOf(uint32_t grain, uint32_t thread) {
    return workspaces_[keeps_activations_ ? grain : thread].get();
  }

  Session* const session_;
  const GrainRange range_;
  const std::vector<TreeNode> nodes_;
  const uint32_t terms_;
  const uint32_t columns_;        // terms and extras
  const bool keeps_activations_;  // some stage has partials
  // Activations are mostly of no use once a grain is done: the next one finds the memory in the
  // cache.
  std::vector<std::unique_ptr<Workspace>> workspaces_;  // [threads], or [grains] if it keeps them
  std::vector<std::vector<SparseGradient>> sparse_;     // [grains][table instances]
  AlignedMatrix
      gradients_;  // [grains, parameters]; after summing, a node's sum in its first grain's row
  AlignedMatrix node_gradients_;        // [nodes, parameters], when there are several nodes
  std::vector<double> grain_doubles_;   // [grains, columns]
  std::vector<double> node_doubles_;    // [nodes, columns]
  std::vector<double> grain_partials_;  // [grains, partials of the stage]
  std::vector<double> node_partials_;   // [nodes, partials]
  const StepBatch* batch_ = nullptr;
  bool forwarded_ = false;  // Forward has run for this step
  RowPointers rows_;
  SparseCombiner combiner_;
  uint64_t contexts_pooled_ = 0;
};

}  // namespace chorus::worker
