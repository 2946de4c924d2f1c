#include "worker/layers/linear.h"

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <utility>

#include "common/check.h"
#include "worker/layers/column_sum.h"

namespace chorus::worker {
namespace {
using Terms = boost::container::small_vector<GemmTerm, 4>;
}  // namespace

Linear::Linear(std::vector<LinearInput> inputs, int64_t out, int64_t bias, Activation activation)
    : inputs_(std::move(inputs)), out_(out), bias_(bias), activation_(activation) {
  CHECK(activation_ == Activation::kNone || has_bias());
  for (const LinearInput& input : inputs_) exposures_ += input.side == Side::kExposure ? 1 : 0;
  const auto of_side = [&](const LinearInput& input) { return input.side == side(); };
  first_of_side_ =
      static_cast<size_t>(std::find_if(inputs_.begin(), inputs_.end(), of_side) - inputs_.begin());
}

std::string_view Linear::kind() const {
  if (activation_ == Activation::kRelu) return "dense";
  return has_bias() ? "linear" : "product";
}

MatrixView<const float> Linear::WeightOf(const LayerCall& call, size_t input) const {
  return WeightPlace{inputs_[input].weight, inputs_[input].width, out_}.In(call.parameters);
}

template <typename Visit>
Status Linear::ForEachPart(const LayerCall& call, const Visit& visit) const {
  if (call.out_tiles.empty()) return visit(Columns{0, call.out.y});
  for (const TilePart& part : call.out_tiles) {
    RETURN_IF_ERROR(visit(Columns{part.first, part.tiles.y}));
  }
  return Status::Ok();
}

// The products of the inputs of one side, added up.  options: bias and ReLU as if y were the whole.
Status Linear::ForwardSide(const LayerCall& call, Side side, GemmOptions options,
                           const Columns& y) const {
  if (options.bias != nullptr) options.bias += y.first;
  Terms terms;
  for (size_t i = 0; i < inputs_.size(); ++i) {
    if (inputs_[i].side != side) continue;
    terms.push_back({call.x[i].value(), WeightOf(call, i).Columns(y.first, y.values.cols())});
  }
  return call.backend->Product(options, {terms.data(), terms.size()}, y.values);
}

Status Linear::Forward(const LayerCall& call) const {
  const bool relu = activation_ == Activation::kRelu;
  const float* const bias = has_bias() ? call.parameters.data() + bias_ : nullptr;
  if (!splits()) {
    return ForEachPart(call, [&](const Columns& y) {
      return ForwardSide(call, side(), {.relu = relu, .bias = bias}, y);
    });
  }
  // The bias goes into the contexts' product, which has fewer rows, and with it to every exposure.
  // ReLU comes with the last addition.
  const MatrixView<float> product = call.OfContexts(0);
  RETURN_IF_ERROR(ForwardSide(call, Side::kContext, {.bias = bias}, {0, product}));
  if (call.out_tiles.empty()) call.backend->GatherRows(product, call.grain.context_of, call.out.y);
  return ForEachPart(call, [&](const Columns& y) {
    GemmOptions options = {.accumulate = call.out_tiles.empty(), .relu = relu};
    if (!call.out_tiles.empty()) {
      options.added = product.Columns(y.first, y.values.cols());
      options.added_of = call.grain.context_of;
    }
    return ForwardSide(call, Side::kExposure, options, y);
  });
}

// Where dy is in tiles, the sums of its columns come with the product that reads it first.
Status Linear::BackwardInput(const LayerCall& call, size_t input,
                             std::span<const Columns> dy) const {
  const LayerInput& x = call.x[input];
  const MatrixView<const float> weight = WeightOf(call, input);
  const MatrixView<float> gradient = {call.gradient.data() + inputs_[input].weight, weight.rows,
                                      weight.cols, weight.stride};
  const MatrixView<const float> passing = weight.Rows(0, x.gradient().cols());
  Terms terms;
  for (const Columns& part : dy) {
    const int64_t cols = part.values.cols();
    GemmOptions options = {.transpose_a = true};
    if (part.values.tiles && input == first_of_side_) {
      options.column_sums = call.gradient.data() + bias_ + part.first;
    }
    const GemmTerm term = {x.value(), part.values};
    RETURN_IF_ERROR(call.backend->Product(options, {&term, 1}, gradient.Columns(part.first, cols)));
    terms.push_back({part.values, passing.Columns(part.first, cols)});
  }
  GemmOptions options = {.transpose_b = true, .accumulate = x.accumulate};
  if (x.tiles.dy) {
    options.accumulate = false;  // nothing else writes it
    options.positive = x.tiles.y;
  }
  return call.backend->Product(options, {terms.data(), terms.size()}, x.gradient());
}

Status Linear::BackwardSide(const LayerCall& call, Side side, std::span<const Columns> dy) const {
  for (size_t i = 0; i < inputs_.size(); ++i) {
    if (inputs_[i].side == side) RETURN_IF_ERROR(BackwardInput(call, i, dy));
  }
  return Status::Ok();
}

Status Linear::Backward(const LayerCall& call) const {
  const MatrixView<float> dy = call.out.dy;
  boost::container::small_vector<Columns, 4> parts;
  for (const TilePart& part : call.out_tiles) parts.push_back({part.first, part.tiles.dy});
  if (parts.empty()) {
    parts.push_back({0, dy});
    if (activation_ == Activation::kRelu) {
      call.backend->ReluBackward(call.out.y, dy, call.gradient.data() + bias_);
    } else if (has_bias()) {
      SumColumns(*call.backend, dy, call.scratch.back(), call.gradient.data() + bias_);
    }
  }
  RETURN_IF_ERROR(BackwardSide(call, side(), {parts.data(), parts.size()}));
  if (!splits()) return Status::Ok();
  const MatrixView<float> sum = call.OfContexts(0);
  for (const Columns& part : parts) {
    const MatrixView<float> to = sum.Columns(part.first, part.values.cols());
    if (part.values.tiles) {
      call.backend->SumTileRowsByIndex(part.values.tiles, call.grain.context_of, to);
    } else {
      call.backend->SumRowsByIndex(part.values.floats, call.grain.context_of, to);
    }
  }
  const Columns whole = {0, sum};
  return BackwardSide(call, Side::kContext, {&whole, 1});
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
