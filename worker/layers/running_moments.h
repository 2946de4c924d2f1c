#pragma once
// Mean and variance of the units of a layer, for layers that normalise by columns. In training they
// are those over the exposures of one grain, so that a grain's result depends on the grain alone.
// Otherwise they are the running statistics, which are parameter blocks.
//
// In the gradient of a grain, the blocks of the running statistics hold the grain's own mean and
// variance, and their count holds 1; all are 0 for a grain without exposures. They are summed along
// the tree with the rest of the gradient, and ParameterLayout::UpdateStatistics uses the sums.
// Thread safety: const methods from any thread.

#include "worker/layers/layer.h"
#include "worker/layers/parameters.h"

namespace chorus::worker {

class RunningMoments {
 public:
  explicit RunningMoments(int64_t width) : width_(width) {}
  // Sets where the running statistics are: behind the weights of all layers. REQUIRES: it is called
  // once, before the first pass.
  void Use(const ParameterLayout::Statistics& statistics) { statistics_ = statistics; }

  // moments: [2, width], mean above variance, of the rows of z.
  void Read(const LayerCall& call, MatrixView<const float> z, MatrixView<float> moments) const;
  // In the backward pass: writes what Read found in training to the gradient's blocks.
  void Write(const LayerCall& call, MatrixView<const float> moments) const;

 private:
  const int64_t width_;
  ParameterLayout::Statistics statistics_;
};

}  // namespace chorus::worker
