#pragma once
// The activation unit and the weighted sum of Deep Interest Network (Zhou et al., KDD 2018, eq. 3):
//   h_t = relu(W_k k_t + W_q q + W_p (k_t * q) + b),  a_t = <w, h_t> + c
//   y = sum over t of a_t k_t
// over the elements k_t of a sequence, for a candidate q. As in the paper, the weights a_t are not
// normalised. The difference k - q, which other implementations also feed to the unit, would only
// change W_k and W_q. What depends on the sequence alone, W_k k_t, is computed once per row of its
// side.

#include <string>
#include <utility>
#include <vector>

#include "worker/layers/layer.h"
#include "worker/layers/product.h"
#include "worker/layers/unfold.h"

namespace chorus::worker {

struct TargetAttentionShape {
  int64_t length = 0;         // elements of a sequence, with padding
  std::vector<int64_t> dims;  // of each sequence, and of the query beside it
  int64_t hidden = 0;         // width of h
  Side sequences = Side::kContext;
  Side output = Side::kExposure;  // and of the queries

  int64_t width() const { return ElementWidth(dims); }  // of k, q and y
};

// Offsets of W_k, W_q, W_p, [width, hidden]; b, [1, hidden]; w, [hidden, 1]; c, [1, 1].
struct TargetAttentionWeights {
  int64_t key = 0, query = 0, product = 0, bias = 0, score = 0, score_bias = 0;
};

// Inputs: the sequences, the length of the first, the queries.
class TargetAttention final : public Layer {
 public:
  TargetAttention(TargetAttentionShape shape, const TargetAttentionWeights& weights)
      : shape_(std::move(shape)), weights_(weights) {}

  std::string_view kind() const override { return "target_attention"; }
  Status Forward(const LayerCall& call) const override;
  Status Backward(const LayerCall& call) const override;
  std::vector<ScratchShape> scratch() const override;
  RowCost cost() const override;
  std::vector<std::pair<std::string, uint64_t>> options() const override;

 private:
  struct Matrices;  // of one call
  Matrices MatricesOf(const LayerCall& call) const;
  // Whether several rows read one sequence.
  bool shares() const { return shape_.sequences != shape_.output; }

  WeightPlace Place(int64_t offset) const { return {offset, shape_.width(), shape_.hidden}; }

  Status ForwardScores(const LayerCall& call, const Matrices& m) const;
  Status BackwardScores(const LayerCall& call, const Matrices& m) const;
  Status BackwardQueries(const LayerCall& call, const Matrices& m) const;
  Status BackwardKeys(const LayerCall& call, const Matrices& m) const;

  const TargetAttentionShape shape_;
  const TargetAttentionWeights weights_;
};

}  // namespace chorus::worker
