#pragma once
// A stop-gradient: its input, which learns nothing from those that read this copy.

#include "worker/layers/layer.h"

namespace chorus::worker {

class Detach final : public Layer {
 public:
  std::string_view kind() const override { return "detach"; }
  Status Forward(const LayerCall& call) const override;
  Status Backward(const LayerCall& call) const override;
};

}  // namespace chorus::worker
