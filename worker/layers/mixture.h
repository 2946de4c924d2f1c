#pragma once
// What a gate makes of experts: y = sum over e of s_e x_e, s = softmax(z). Multi-gate Mixture-of-
// Experts (Ma et al., KDD 2018, eq. 6 and 7), and the gates of Progressive Layered Extraction (Tang
// et al., RecSys 2020, eq. 2 and 3).

#include "worker/layers/layer.h"

namespace chorus::worker {

// Inputs: z, [rows, experts]; then the experts' outputs, [rows, width] each. All are of one side.
class Mixture final : public Layer {
 public:
  Mixture(int64_t experts, int64_t width) : experts_(experts), width_(width) {}

  std::string_view kind() const override { return "mixture"; }
  Status Forward(const LayerCall& call) const override;
  Status Backward(const LayerCall& call) const override;
  std::vector<ScratchShape> scratch() const override;
  RowCost cost() const override;

 private:
  const int64_t experts_;
  const int64_t width_;
};

}  // namespace chorus::worker
