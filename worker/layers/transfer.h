#pragma once
// Attention transfer between towers (worker/objective/method_shape.h, Transfer). The hidden units
// h_j of each giving tower become a token t_j of the receiver's width. Each token is weighed
// against the receiver's own hidden units h, and the results make the units y that the rest of the
// receiving tower reads instead of h:
//   t_j = relu(h_j W_j + b_j),  o_j = attention of (t_j, h) by shared queries, keys and values
//   y = relu([o_1 ... o_n] W + b)

#include <vector>

#include "worker/layers/layer.h"
#include "worker/layers/product.h"

namespace chorus::worker {

// A dense layer with a ReLU, whose weights are [in, out].
struct DenseParameters {
  int64_t in = 0;
  int64_t weight = 0;  // offsets
  int64_t bias = 0;
};

// Inputs: the givers, then the receiver. All are exposures.
class TransferLayer final : public Layer {
 public:
  // width: of the receiver.  projection: offset of [Q K V], [width, 3 width].
  TransferLayer(int64_t width, std::vector<DenseParameters> from, int64_t projection,
                DenseParameters out);

  std::string_view kind() const override { return "transfer"; }
  Status Forward(const LayerCall& call) const override;
  Status Backward(const LayerCall& call) const override;
  std::vector<ScratchShape> scratch() const override;
  RowCost cost() const override;

 private:
  WeightPlace projection() const { return {projection_, width_, 3 * width_}; }
  Status ForwardGiver(const LayerCall& call, size_t giver) const;
  Status BackwardReceiver(const LayerCall& call) const;
  Status BackwardGiver(const LayerCall& call, size_t giver) const;

  const int64_t width_;
  const std::vector<DenseParameters> from_;
  const int64_t projection_;
  const DenseParameters out_;
};

}  // namespace chorus::worker
