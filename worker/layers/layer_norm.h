#pragma once
// Layer normalisation (Ba et al., 2016, eq. 4), over the units of each row:
//   y = gain (x - mean) / sqrt(variance + 1e-5) + bias

#include <vector>

#include "worker/layers/layer.h"

namespace chorus::worker {

class LayerNorm final : public Layer {
 public:
  // gain, bias: offsets, [1, width].
  LayerNorm(int64_t width, int64_t gain, int64_t bias) : width_(width), gain_(gain), bias_(bias) {}

  std::string_view kind() const override { return "layer_norm"; }
  Status Forward(const LayerCall& call) const override;
  Status Backward(const LayerCall& call) const override;
  std::vector<ScratchShape> scratch() const override;
  RowCost cost() const override { return {.exposure = 8.0 * static_cast<double>(width_)}; }

 private:
  const int64_t width_;
  const int64_t gain_;
  const int64_t bias_;
};

}  // namespace chorus::worker
