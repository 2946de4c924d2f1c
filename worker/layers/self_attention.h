#pragma once
// Multi-head self-attention among the elements x_t of a sequence (Vaswani et al., NIPS 2017, eq. 1
// and section 3.2.2) with a residual connection. In every head
//   o_t = sum over u of softmax_u(<W_q x_t, W_k x_u> / sqrt(d)) W_v x_u
//   y_t = x_t + [o_t of all heads] W_o
// The first layer of several adds positions to its elements: p_0 to the last one, p_1 to the one
// before. Softmax is over the elements that are there, so that padding changes nothing.

#include <utility>
#include <vector>

#include "worker/layers/layer.h"
#include "worker/layers/product.h"
#include "worker/layers/unfold.h"

namespace chorus::worker {

struct SelfAttentionShape {
  static constexpr int64_t kNoPositions = -1;

  int64_t length = 0;         // elements of a sequence, with padding
  std::vector<int64_t> dims;  // of each sequence; the attributes of an element are side by side
  int64_t heads = 1;
  int64_t head_dim = 1;
  // Offsets: of [W_q W_k W_v], [width, 3 units]; of W_o, [units, width]; of p, [length, width].
  int64_t projection = 0, out = 0, positions = kNoPositions;

  int64_t width() const { return ElementWidth(dims); }
  int64_t units() const { return heads * head_dim; }
};

// Inputs: the sequences, and the length of the first; of one side. Output: the elements side by
// side, [rows, length * width]; 0 behind the last one.
class SelfAttention final : public Layer {
 public:
  explicit SelfAttention(SelfAttentionShape shape) : shape_(std::move(shape)) {}

  std::string_view kind() const override { return "self_attention"; }
  Status Forward(const LayerCall& call) const override;
  Status Backward(const LayerCall& call) const override;
  std::vector<ScratchShape> scratch() const override;
  RowCost cost() const override;
  std::vector<std::pair<std::string, uint64_t>> options() const override;

 private:
  struct Matrices;  // of one call
  Matrices MatricesOf(const LayerCall& call) const;
  WeightPlace Projection() const { return {shape_.projection, shape_.width(), 3 * shape_.units()}; }
  WeightPlace Out() const { return {shape_.out, shape_.units(), shape_.width()}; }
  WeightPlace Positions() const { return {shape_.positions, shape_.length, shape_.width()}; }
  bool has_positions() const { return shape_.positions != SelfAttentionShape::kNoPositions; }
  void BackwardHeads(const LayerCall& call, const Matrices& m) const;

  const SelfAttentionShape shape_;
};

}  // namespace chorus::worker
