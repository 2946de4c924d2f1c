#pragma once
// Batch normalisation of a hidden layer (Ioffe & Szegedy, ICML 2015), before its bias and ReLU:
//   y = relu((z - mean) / sqrt(variance + 1e-5) + bias),   z = x W
// with the moments of running_moments.h. There is no learnt factor: the weights behind the ReLU can
// express it.

#include <memory>
#include <utility>
#include <vector>

#include "worker/layers/layer.h"
#include "worker/layers/running_moments.h"

namespace chorus::worker {

// It works in place, on exposures.
class BatchNorm final : public Layer {
 public:
  // bias: offset of that of the normalised layer, [1, width].
  BatchNorm(int64_t width, int64_t bias, std::shared_ptr<const RunningMoments> moments)
      : width_(width), bias_(bias), moments_(std::move(moments)) {}

  std::string_view kind() const override { return "batch_norm"; }
  Status Forward(const LayerCall& call) const override;
  Status Backward(const LayerCall& call) const override;
  std::vector<ScratchShape> scratch() const override;
  bool in_place() const override { return true; }
  RowCost cost() const override { return {.exposure = 4.0 * static_cast<double>(width_)}; }

 private:
  const int64_t width_;
  const int64_t bias_;
  const std::shared_ptr<const RunningMoments> moments_;
};

}  // namespace chorus::worker
