#pragma once
// The dense weights of a model on this machine, and their optimizer's state: what a run begins
// with, what checkpoints hold, and, where the CPU computes, what is computed with.
// Thread safety: none.

#include <memory>
#include <span>
#include <vector>

#include "common/config.pb.h"
#include "common/status.h"
#include "worker/layers/parameters.h"
#include "worker/model/dense_optimizer.h"
#include "worker/model/dense_update.h"

namespace chorus::worker {

class DenseWeights {
 public:
  // Initial values, a function of config.seed and of each block's name. config: with defaults
  // applied. `layout` outlives the weights.
  DenseWeights(const TrainConfig& config, const ParameterLayout& layout);

  const ParameterLayout& layout() const { return layout_; }
  std::span<const float> values() const { return values_; }  // [layout().size()]
  std::span<float> values() { return values_; }
  // The optimizer's arrays, each [layout().size()]: read or overwritten in place.
  std::vector<OptimizerState>& state() { return optimizer_->state(); }

  // Moves the trainable weights of update.stage, and the statistics that its layers measured.
  //   gradient: [layout().size()], of the whole step; clipped in place.  pool: shares the work.
  // Error: as CheckFinite, of what has moved.
  Status Apply(const DenseUpdate& update, std::span<float> gradient, ThreadPool* pool = nullptr);

  // Error: kFailedPrecondition when a weight or a float of the optimizer's state is not finite;
  // names the block.
  Status CheckFinite() const;

 private:
  const ParameterLayout& layout_;
  const double batch_norm_momentum_;
  std::vector<float> values_;
  std::unique_ptr<DenseOptimizer> optimizer_;
};

}  // namespace chorus::worker
