#pragma once
// y = act(x_1 W_1 + x_2 W_2 + ... + b): a dense layer whose inputs are side by side. Where its
// output has a row per exposure, every context is multiplied once:
//   y = act(gather(C W_c, context_of) + E W_e + b),
// which is the joined product act([C E] [W_c; W_e] + b). Backward sums the gradients of a context's
// exposures before it multiplies.

#include <vector>

#include "worker/layers/layer.h"
#include "worker/layers/product.h"

namespace chorus::worker {

struct LinearInput {
  Side side = Side::kExposure;
  int64_t width = 0;
  int64_t weight = 0;  // offset of W, [width, out]
};

class Linear final : public Layer {
 public:
  enum class Activation { kNone, kRelu };
  static constexpr int64_t kNoBias = -1;

  // The output is of the side of contexts if all inputs are.  bias: offset of b, [1, out].
  // REQUIRES: ReLU comes with a bias.
  Linear(std::vector<LinearInput> inputs, int64_t out, int64_t bias, Activation activation);

  // "dense" with bias and ReLU, "linear" with a bias, else "product".
  std::string_view kind() const override;
  Status Forward(const LayerCall& call) const override;
  Status Backward(const LayerCall& call) const override;
  std::vector<ScratchShape> scratch() const override;
  TileReads reads_tiles() const override { return TileReads::kUnitsAndInputs; }
  bool writes_tiles() const override { return activation_ == Activation::kRelu; }
  RowCost cost() const override;

  Side side() const { return exposures_ > 0 ? Side::kExposure : Side::kContext; }
  Activation activation() const { return activation_; }
  bool has_bias() const { return bias_ != kNoBias; }

 private:
  // Columns of the output from `first` on, or of its gradient.
  struct Columns {
    int64_t first;
    Target values;
  };
  // The whole, or its parts in tiles.
  template <typename Visit>
  Status ForEachPart(const LayerCall& call, const Visit& visit) const;

  MatrixView<const float> WeightOf(const LayerCall& call, size_t input) const;
  Status ForwardSide(const LayerCall& call, Side side, GemmOptions options, const Columns& y) const;
  Status BackwardSide(const LayerCall& call, Side side, std::span<const Columns> dy) const;
  Status BackwardInput(const LayerCall& call, size_t input, std::span<const Columns> dy) const;
  // Whether some inputs are of the side of contexts, and the output is of the other side.
  bool splits() const { return exposures_ > 0 && exposures_ < inputs_.size(); }

  const std::vector<LinearInput> inputs_;
  const int64_t out_;
  const int64_t bias_;
  const Activation activation_;
  size_t exposures_ = 0;      // inputs of that side
  size_t first_of_side_ = 0;  // the first input of the output's side
};

}  // namespace chorus::worker
