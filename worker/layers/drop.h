#pragma once
// Dropout of the units of a hidden layer (worker/math/dropout.h). Its rows are exposures: the draw
// depends on the exposure. Outside training it changes nothing.

#include "worker/layers/layer.h"
#include "worker/math/dropout.h"

namespace chorus::worker {

// A layer's own units, which are the outputs of a ReLU, in place.
class Drop final : public Layer {
 public:
  explicit Drop(const DropoutLayer& dropout) : dropout_(dropout) {}

  std::string_view kind() const override { return "dropout"; }
  bool in_place() const override { return true; }
  Status Forward(const LayerCall& call) const override;
  Status Backward(const LayerCall& call) const override;

 private:
  const DropoutLayer dropout_;
};

// The units of some other activation, in place: a unit that was dropped is known by the draw alone.
class DropAny final : public Layer {
 public:
  explicit DropAny(const DropoutLayer& dropout) : dropout_(dropout) {}

  std::string_view kind() const override { return "dropout"; }
  bool in_place() const override { return true; }
  Status Forward(const LayerCall& call) const override;
  Status Backward(const LayerCall& call) const override;

 private:
  const DropoutLayer dropout_;
};

// Outputs of a ReLU that other nodes read undropped: a copy of them.
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
