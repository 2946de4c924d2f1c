#pragma once
// One cross layer of DCN-V2 (Wang et al., WWW 2021, eq. 1) behind its product v = W x_l + b:
//   x_{l+1} = x_0 * v + x_l,   element by element.

#include "worker/layers/layer.h"

namespace chorus::worker {

// Inputs: x_0, v, x_l; all of one side and width.
class Cross final : public Layer {
 public:
  explicit Cross(int64_t width) : width_(width) {}

  std::string_view kind() const override { return "cross"; }
  Status Forward(const LayerCall& call) const override;
  Status Backward(const LayerCall& call) const override;
  RowCost cost() const override { return {.exposure = 2.0 * static_cast<double>(width_)}; }

 private:
  const int64_t width_;
};

}  // namespace chorus::worker
