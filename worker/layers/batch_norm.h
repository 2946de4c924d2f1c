#pragma once
// Batch normalisation of a hidden layer (Ioffe & Szegedy, ICML 2015), before its bias and ReLU:
//   y = relu((z - mean) / sqrt(variance + 1e-5) + bias),   z = x W
// In training, mean and variance are those of z over the exposures of one grain, so that a grain's
// result depends on the grain alone. Otherwise they are the running statistics, which are parameter
// blocks. There is no learnt factor: the weights behind the ReLU can express it.
//
// In the gradient of a grain, the blocks of the running statistics hold the grain's own mean and
// variance, and the layer's count holds 1; all are 0 for a grain without exposures. They are summed
// along the tree with the rest of the gradient, and ParameterLayout::UpdateStatistics uses the
// sums.

#include <vector>

#include "worker/layers/layer.h"
#include "worker/layers/parameters.h"

namespace chorus::worker {

// In place, on exposures.
class BatchNorm final : public Layer {
 public:
  // bias: offset of that of the normalised layer, [1, width].
  BatchNorm(int64_t width, int64_t bias) : width_(width), bias_(bias) {}
  // Where the running statistics are, which stand behind the weights of all layers. REQUIRES: it is
  // called once, before the first pass.
  void Use(const ParameterLayout::Statistics& statistics) { statistics_ = statistics; }

  std::string_view kind() const override { return "batch_norm"; }
  Status Forward(const LayerCall& call) const override;
  Status Backward(const LayerCall& call) const override;
  std::vector<ScratchShape> scratch() const override;
  bool in_place() const override { return true; }
  RowCost cost() const override { return {.exposure = 4.0 * static_cast<double>(width_)}; }

 private:
  void WriteMoments(const LayerCall& call) const;

  const int64_t width_;
  const int64_t bias_;
  ParameterLayout::Statistics statistics_;
};

}  // namespace chorus::worker
