#pragma once
// z = x_1 w_1 + x_2 w_2 + ... + b: the last layer of a tower, with one output. It reads hidden
// units, or the inputs of the grain: a tower without hidden layers is a logistic regression. The
// gradient that goes into its inputs is multiplied by `pass_back` (Head::pass_back).

#include <vector>

#include "worker/layers/layer.h"
#include "worker/layers/linear.h"

namespace chorus::worker {

class Logit final : public Layer {
 public:
  // inputs: weights are [width, 1].  bias: offset of b.  REQUIRES: there is an input.
  Logit(std::vector<LinearInput> inputs, int64_t bias, float pass_back);

  std::string_view kind() const override { return "logit"; }
  Status Forward(const LayerCall& call) const override;
  Status Backward(const LayerCall& call) const override;
  std::vector<ScratchShape> scratch() const override;
  TileReads reads_tiles() const override {
    return inputs_.size() == 1 ? TileReads::kUnits : TileReads::kNone;
  }
  RowCost cost() const override;

  int64_t bias() const { return bias_; }

 private:
  bool reads_contexts() const;
  void Dot(const LayerCall& call, size_t input, const float* bias, MatrixView<float> z) const;

  const std::vector<LinearInput> inputs_;
  const int64_t bias_;
  const float pass_back_;
};

}  // namespace chorus::worker
