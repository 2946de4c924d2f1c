#include "worker/layers/linear.h"

#include <utility>

#include "common/check.h"
#include "worker/layers/column_sum.h"

namespace chorus::worker {
Linear::Linear(std::vector<LinearInput> inputs, int64_t out, int64_t bias, Activation activation)
    : inputs_(std::move(inputs)), out_(out), bias_(bias), activation_(activation) {
  CHECK(activation_ == Activation::kNone || has_bias());
  for (const LinearInput& input : inputs_) exposures_ += input.side == Side::kExposure ? 1 : 0;
}

std::string_view Linear::kind() const {
  if (activation_ == Activation::kRelu) return "dense";
  return has_bias() ? "linear" : "product";
}

// Adds up the products of the inputs of one side.
Status Linear::ForwardSide(const LayerCall& call, Side side, bool first_has_bias,
                           bool last_has_relu, MatrixView<float> y) const {
  size_t left = side == Side::kExposure ? exposures_ : inputs_.size() - exposures_;
  // Products of exposures are added to what contexts have left in y.
  bool first = side == Side::kContext || !splits();
  for (size_t i = 0; i < inputs_.size(); ++i) {
    if (inputs_[i].side != side) continue;
    --left;
    GemmOptions options;
    options.accumulate = !first;
    options.relu = last_has_relu && left == 0;
    options.bias = first && first_has_bias ? call.parameters.data() + bias_ : nullptr;
    RETURN_IF_ERROR(call.backend->Gemm(options, call.x[i].y, PlaceOf(i).In(call.parameters), y));
    first = false;
  }
  return Status::Ok();
}

Status Linear::Forward(const LayerCall& call) const {
  const bool relu = activation_ == Activation::kRelu;
  const MatrixView<float> y = call.out.y;
  if (!splits()) return ForwardSide(call, side(), has_bias(), relu, y);
  // The bias goes into the contexts' product, which has fewer rows; gathering brings it to every
  // exposure. ReLU comes with the last addition.
  const MatrixView<float> product = call.OfContexts(0);
  RETURN_IF_ERROR(ForwardSide(call, Side::kContext, has_bias(), false, product));
  call.backend->GatherRows(product, call.grain.context_of, y);
  return ForwardSide(call, Side::kExposure, false, relu, y);
}

Status Linear::BackwardSide(const LayerCall& call, Side side, MatrixView<const float> dy) const {
  for (size_t i = 0; i < inputs_.size(); ++i) {
    if (inputs_[i].side != side) continue;
    const LayerInput& x = call.x[i];
    RETURN_IF_ERROR(BackwardProduct(call, PlaceOf(i), x.y, dy, x.dy, x.accumulate));
  }
  return Status::Ok();
}

Status Linear::Backward(const LayerCall& call) const {
  const MatrixView<float> dy = call.out.dy;
  if (activation_ == Activation::kRelu) {
    call.backend->ReluBackward(call.out.y, dy, call.gradient.data() + bias_);
  } else if (has_bias()) {
    SumColumns(*call.backend, dy, call.scratch.back(), call.gradient.data() + bias_);
  }
  RETURN_IF_ERROR(BackwardSide(call, side(), dy));
  if (!splits()) return Status::Ok();
  const MatrixView<float> sum = call.OfContexts(0);
  call.backend->SumRowsByIndex(dy, call.grain.context_of, sum);
  return BackwardSide(call, Side::kContext, sum);
}

std::vector<ScratchShape> Linear::scratch() const {
  std::vector<ScratchShape> shapes;
  if (splits()) shapes.push_back({.cols = out_});
  if (has_bias() && activation_ == Activation::kNone) shapes.push_back({.cols = 1});
  return shapes;
}

RowCost Linear::cost() const {
  RowCost cost;
  for (const LinearInput& input : inputs_) {
    const auto flops = 2.0 * static_cast<double>(input.width) * static_cast<double>(out_);
    (input.side == Side::kContext ? cost.context : cost.exposure) += flops;
  }
  return cost;
}

}  // namespace chorus::worker
