#include "worker/layers/self_attention.h"

namespace chorus::worker {
namespace {

// Scratch matrices, with a row per element of each sequence.
enum SelfMatrix : size_t {
  kSelfElements,             // [width]: x, with positions
  kSelfProjections,          // [3 units]: queries, keys, values
  kSelfShares,               // [heads * length]
  kSelfMixed,                // [units]: o
  kSelfResults,              // [width]: y; then its gradient, which becomes that of x
  kSelfMixedGradients,       // [units]
  kSelfShareGradients,       // [heads * length]
  kSelfProjectionGradients,  // [3 units]
  kSelfMatrices,
};

}  // namespace

struct SelfAttention::Matrices {
  SequenceRows of;
  MatrixView<float> elements, projections, shares, mixed, results, mixed_gradients, share_gradients,
      projection_gradients;

  static MatrixView<float> Part(MatrixView<float> projections, int64_t part) {
    const int64_t units = projections.cols / 3;
    return projections.Columns(part * units, units);
  }
  MatrixView<float> Query() const { return Part(projections, 0); }
  MatrixView<float> Key() const { return Part(projections, 1); }
  MatrixView<float> Value() const { return Part(projections, 2); }
};

std::vector<ScratchShape> SelfAttention::scratch() const {
  std::vector<ScratchShape> shapes(kSelfMatrices);
  for (ScratchShape& shape : shapes) shape.times = shape_.length;
  shapes[kSelfElements].cols = shapes[kSelfResults].cols = shape_.width();
  shapes[kSelfProjections].cols = shapes[kSelfProjectionGradients].cols = 3 * shape_.units();
  shapes[kSelfShares].cols = shapes[kSelfShareGradients].cols = shape_.heads * shape_.length;
  shapes[kSelfMixed].cols = shapes[kSelfMixedGradients].cols = shape_.units();
  return shapes;
}

RowCost SelfAttention::cost() const {
  const auto length = static_cast<double>(shape_.length),
             units = static_cast<double>(shape_.units());
  const auto width = static_cast<double>(shape_.width());
  return {.exposure = length * (8 * width * units + 4 * length * units)};
}

std::vector<std::pair<std::string, uint64_t>> SelfAttention::options() const {
  return {{"length", static_cast<uint64_t>(shape_.length)},
          {"heads", static_cast<uint64_t>(shape_.heads)},
          {"positions", has_positions() ? 1 : 0}};
}

SelfAttention::Matrices SelfAttention::MatricesOf(const LayerCall& call) const {
  const int64_t elements = call.out.y.rows * shape_.length;
  const auto top = [&](SelfMatrix matrix) { return call.scratch[matrix].Top(elements); };
  return {{call.x.back().y, shape_.length},
          top(kSelfElements),
          top(kSelfProjections),
          top(kSelfShares),
          top(kSelfMixed),
          top(kSelfResults),
          top(kSelfMixedGradients),
          top(kSelfShareGradients),
          top(kSelfProjectionGradients)};
}

Status SelfAttention::Forward(const LayerCall& call) const {
  const Matrices m = MatricesOf(call);
  const int64_t length = shape_.length, head_dim = shape_.head_dim;
  Backend& backend = *call.backend;
  UnfoldInputs(call, shape_.dims, length, m.elements);
  if (has_positions()) {
    backend.ForEach(AddPositionItems{m.of, Positions().In(call.parameters), m.elements});
  }
  RETURN_IF_ERROR(backend.Gemm({}, m.elements, Projection().In(call.parameters), m.projections));
  backend.ForEach(ElementShareItems{m.of, m.Query(), m.Key(), head_dim, m.shares});
  backend.ForEach(ElementMixItems{m.of, m.shares, m.Value(), head_dim, false, m.mixed});
  backend.Copy(m.elements, m.results);
  RETURN_IF_ERROR(
      backend.Gemm({.accumulate = true}, m.mixed, Out().In(call.parameters), m.results));
  backend.ForEach(FoldItems{m.results, length, shape_.width(), 0, call.out.y, false});
  return Status::Ok();
}

// From the gradient of `mixed` to those of queries, keys and values.
void SelfAttention::BackwardHeads(const LayerCall& call, const Matrices& m) const {
  const int64_t head_dim = shape_.head_dim;
  const auto part = [&](int64_t p) { return Matrices::Part(m.projection_gradients, p); };
  const auto mix = [&](MatrixView<const float> weight, MatrixView<const float> from,
                       bool transposed, MatrixView<float> to) {
    call.backend->ForEach(ElementMixItems{m.of, weight, from, head_dim, transposed, to});
  };
  call.backend->ForEach(ElementShareBackwardItems{m.of, m.shares, m.mixed_gradients, m.Value(),
                                                  head_dim, m.share_gradients});
  mix(m.share_gradients, m.Key(), false, part(0));
  mix(m.share_gradients, m.Query(), true, part(1));
  mix(m.shares, m.mixed_gradients, true, part(2));
}

Status SelfAttention::Backward(const LayerCall& call) const {
  const Matrices m = MatricesOf(call);
  const int64_t length = shape_.length;
  Backend& backend = *call.backend;
  const MatrixView<float> gradient = m.results;
  backend.ForEach(UnfoldItems{call.out.dy, length, shape_.width(), 0, gradient});
  RETURN_IF_ERROR(BackwardProduct(call, Out(), m.mixed, gradient, m.mixed_gradients, false));
  BackwardHeads(call, m);
  RETURN_IF_ERROR(
      BackwardProduct(call, Projection(), m.elements, m.projection_gradients, gradient, true));
  if (has_positions()) {
    backend.ForEach(PositionGradientItems{m.of, gradient, Positions().In(call.gradient)});
  }
  FoldGradients(call, shape_.dims, length, gradient);
  return Status::Ok();
}

}  // namespace chorus::worker
