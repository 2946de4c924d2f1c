#pragma once
// A stop-gradient: a copy of its input, which learns nothing from the nodes that read the copy.

#include "worker/layers/layer.h"

namespace chorus::worker {

class Detach final : public Layer {
 public:
  std::string_view kind() const override { return "detach"; }
  Status Forward(const LayerCall& call) const override;
  Status Backward(const LayerCall& call) const override;
};

}  // namespace chorus::worker
