#pragma once
// The sum of two inputs: a residual connection (He et al., CVPR 2016, eq. 1).

#include "worker/layers/layer.h"

namespace chorus::worker {

// Inputs: two of one side and width.
class Add final : public Layer {
 public:
  explicit Add(int64_t width) : width_(width) {}

  std::string_view kind() const override { return "add"; }
  Status Forward(const LayerCall& call) const override {
    call.backend->Copy(call.x[0].y, call.out.y);
    call.backend->ForEach(AddScaledItems{1.0f, call.x[1].y, call.out.y, true});
    return Status::Ok();
  }
  Status Backward(const LayerCall& call) const override {
    for (const LayerInput& x : call.x) {
      const MatrixView<const float> dy = call.out.dy.Columns(0, x.dy.cols);
      call.backend->ForEach(AddScaledItems{1.0f, dy, x.dy, x.accumulate});
    }
    return Status::Ok();
  }
  RowCost cost() const override { return {.exposure = static_cast<double>(width_)}; }

 private:
  const int64_t width_;
};

}  // namespace chorus::worker
