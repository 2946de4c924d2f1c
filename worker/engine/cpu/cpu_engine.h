#pragma once
// A worker's grains of one step on this machine's cores: forward, losses and backward for each on
// the thread pool, and their sums along the canonical tree, dense and sparse. Memory is taken once.
// Thread safety: the trainer's thread; the work inside runs on the context's pool.

#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "worker/engine/context.h"
#include "worker/engine/cpu/grain_compute.h"
#include "worker/engine/cpu/row_pointers.h"
#include "worker/engine/cpu/sparse_gradient.h"
#include "worker/engine/engine.h"
#include "worker/math/aligned_matrix.h"
#include "worker/steps/step_reader.h"

namespace chorus::worker {

class CpuEngine final : public Engine {
 public:
  // Error: kFailedPrecondition when this CPU lacks what compute.isa names.
  static Result<std::unique_ptr<Engine>> Create(const EngineContext& context);

  Status Begin(const StepBatch& batch, const PulledRows& rows) override;
  Status Forward() override;
  Status Train(const std::vector<double>& scales) override;
  Status FinishTrain() override;
  StepGradients CombineSparse() override;
  Status ApplyDense(const DenseUpdate& update, std::span<float> gradient) override;
  void ForgetDense() override { weights_noted_ = false; }
  Status Score(const StepBatch& batch, const PulledRows& rows) override;
  MatrixView<const float> Logits(uint32_t grain) override;

 private:
  CpuEngine(const EngineContext& context, std::unique_ptr<Backend> backend);
  GrainInput InputOf(uint32_t index) const;
  Status ForwardGrain(uint32_t index, Workspace* workspace);
  Status TrainGrain(uint32_t index, const std::vector<double>& scales, Workspace* workspace);
  Status ForEachGrain(const std::function<Status(uint32_t index, uint32_t thread)>& work);
  uint64_t PooledSoFar() const;
  bool SumGradients(uint32_t first_grain, TreeNode node);
  MatrixView<const float> GradientsOfNodes() override;
  std::vector<NodeGradient> CombineTable(uint32_t table);
  // The workspace of a grain: its own where activations are kept, else that of the thread.
  Workspace* WorkspaceOf(uint32_t grain, uint32_t thread) {
    return workspaces_[keeps_activations_ ? grain : thread].get();
  }

  std::span<const float> weights() const { return std::as_const(*context_.weights).values(); }

  const std::unique_ptr<Backend> backend_;
  const std::unique_ptr<GrainCompute> compute_;
  const GrainRange range_;
  const std::vector<TreeNode> nodes_;
  const bool keeps_activations_;  // some stage has partials
  // Activations are mostly of no use once a grain is done: the next one finds the memory in the
  // cache.
  std::vector<std::unique_ptr<Workspace>> workspaces_;  // [threads], or [grains] if it keeps them
  std::vector<std::vector<SparseGradient>> sparse_;     // [grains][table instances]
  std::vector<std::vector<SparseGradient>> combined_;   // [table instances][nodes]
  // [grains, parameters]; after summing, a node's sum is in the row of its first grain.
  AlignedMatrix gradients_;
  AlignedMatrix node_gradients_;            // [nodes, parameters], when there are several nodes
  std::vector<std::vector<float>> logits_;  // [grains], of Score
  const StepBatch* batch_ = nullptr;
  bool forwarded_ = false;      // Forward has run for this step
  bool weights_noted_ = false;  // the backend knows of their last change
  RowPointers rows_;
  SparseCombiner combiner_;
  uint64_t counted_ = 0;  // contexts that workspaces had pooled when last asked
};

}  // namespace chorus::worker
