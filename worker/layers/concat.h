#pragma once
// [x_1 x_2 ...]: inputs side by side. Where the output has a row per exposure, the rows of contexts
// are gathered, and their gradients summed over a context's exposures.

#include <utility>
#include <vector>

#include "worker/layers/layer.h"

namespace chorus::worker {

class Concat final : public Layer {
 public:
  Concat(std::vector<int64_t> widths, Side side) : widths_(std::move(widths)), side_(side) {}

  std::string_view kind() const override { return "concat"; }
  Status Forward(const LayerCall& call) const override;
  Status Backward(const LayerCall& call) const override;
  std::vector<ScratchShape> scratch() const override;

 private:
  const std::vector<int64_t> widths_;
  const Side side_;  // of the output
};

}  // namespace chorus::worker
