#pragma once
// Activations without weights: y = f(x), element by element.
//   relu            behind a normalisation; a hidden layer without one is a Linear with its ReLU
//   gelu            GELU (Hendrycks & Gimpel, 2016), by the tanh formula of its section 2
//   twice_sigmoid   2 sigma(x), a gate that starts at 1

#include "worker/layers/layer.h"

namespace chorus::worker {

class PointwiseLayer final : public Layer {
 public:
  PointwiseLayer(Pointwise function, int64_t width) : function_(function), width_(width) {}

  std::string_view kind() const override {
    if (function_ == Pointwise::kRelu) return "relu";
    return function_ == Pointwise::kGelu ? "gelu" : "twice_sigmoid";
  }
  Status Forward(const LayerCall& call) const override {
    call.backend->ForEach(PointwiseItems{function_, call.x[0].y, call.out.y});
    return Status::Ok();
  }
  Status Backward(const LayerCall& call) const override {
    const LayerInput& x = call.x[0];
    const auto of_dx = x.y.Columns(0, x.dy.cols);
    call.backend->ForEach(
        PointwiseBackwardItems{function_, of_dx, call.out.dy, x.dy, x.accumulate});
    return Status::Ok();
  }
  RowCost cost() const override { return {.exposure = 8.0 * static_cast<double>(width_)}; }

 private:
  const Pointwise function_;
  const int64_t width_;
};

}  // namespace chorus::worker
