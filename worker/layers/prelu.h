#pragma once
// PReLU (He et al., ICCV 2015, eq. 1): y = x where x > 0, else alpha x, with a learnt alpha for
// each unit.

#include <vector>

#include "worker/layers/layer.h"

namespace chorus::worker {

class PRelu final : public Layer {
 public:
  // alpha: offset, [1, width].
  PRelu(int64_t width, int64_t alpha) : width_(width), alpha_(alpha) {}

  std::string_view kind() const override { return "prelu"; }
  Status Forward(const LayerCall& call) const override;
  Status Backward(const LayerCall& call) const override;
  std::vector<ScratchShape> scratch() const override { return {{.cols = width_}, {.cols = 1}}; }
  RowCost cost() const override { return {.exposure = static_cast<double>(width_)}; }

 private:
  const int64_t width_;
  const int64_t alpha_;
};

}  // namespace chorus::worker
