#pragma once
// Dropout of the units of a hidden layer (worker/math/dropout.h). Its rows are exposures: the draw
// depends on the exposure. Outside training it changes nothing.

#include "worker/layers/layer.h"
#include "worker/math/dropout.h"

namespace chorus::worker {

// Drops a layer's own units, in place.
class Drop final : public Layer {
 public:
  // of_relu: the units are outputs of a ReLU, so that those that are 0 pass no gradient, and no
  // draw is needed in the backward pass.
  Drop(const DropoutLayer& dropout, bool of_relu) : dropout_(dropout), of_relu_(of_relu) {}

  std::string_view kind() const override { return "dropout"; }
  bool in_place() const override { return true; }
  Status Forward(const LayerCall& call) const override;
  Status Backward(const LayerCall& call) const override;

 private:
  const DropoutLayer dropout_;
  const bool of_relu_;
};

// Drops units in a copy of a ReLU's outputs, which other nodes read undropped.
class DropCopy final : public Layer {
 public:
  explicit DropCopy(const DropoutLayer& dropout) : dropout_(dropout) {}

  std::string_view kind() const override { return "dropout"; }
  Status Forward(const LayerCall& call) const override;
  Status Backward(const LayerCall& call) const override;

 private:
  const DropoutLayer dropout_;
};

}  // namespace chorus::worker
