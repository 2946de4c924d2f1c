#pragma once
// Dice (Zhou et al., KDD 2018, eq. 6): y = p x + (1 - p) alpha x with a learnt alpha for each unit
// and p = sigma((x - mean) / sqrt(variance + 1e-5)), the moments being those of running_moments.h.
// In training the gradient goes through the moments too.

#include <memory>
#include <utility>
#include <vector>

#include "worker/layers/layer.h"
#include "worker/layers/running_moments.h"

namespace chorus::worker {

// It works on exposures.
class Dice final : public Layer {
 public:
  // alpha: offset, [1, width].
  Dice(int64_t width, int64_t alpha, std::shared_ptr<const RunningMoments> moments)
      : width_(width), alpha_(alpha), moments_(std::move(moments)) {}

  std::string_view kind() const override { return "dice"; }
  Status Forward(const LayerCall& call) const override;
  Status Backward(const LayerCall& call) const override;
  std::vector<ScratchShape> scratch() const override;
  RowCost cost() const override { return {.exposure = 10.0 * static_cast<double>(width_)}; }

 private:
  const int64_t width_;
  const int64_t alpha_;
  const std::shared_ptr<const RunningMoments> moments_;
};

}  // namespace chorus::worker
