// Products of inputs with one another, and other layers that cut inputs into slots.

#include "launch/onnx/layers.h"
#include "launch/onnx/operators.h"

namespace chorus::launch {
namespace {

// An input's columns as slots, [rows, slots, dim].
OnnxValue SlotsOf(const LayerScope& scope, size_t input, int64_t dim) {
  const int64_t width = scope.node().input(static_cast<int>(input)).width();
  return Reshaped(scope.graph(), scope.inputs()[input], {width / dim, dim});
}

// The places of (0, 1), (0, 2), ..., (1, 2), ... in a matrix [n, n] that is stored row by row.
std::vector<int64_t> PlacesOfPairs(int64_t n) {
  std::vector<int64_t> places;
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = i + 1; j < n; ++j) places.push_back(i * n + j);
  }
  return places;
}

}  // namespace

// Inputs: x_0, v, x_l.
Result<OnnxValue> CrossLayer(const LayerScope& scope) {
  const std::vector<OnnxValue>& x = scope.inputs();
  return Add(scope.graph(), Multiply(scope.graph(), x[0], x[1]), x[2]);
}

Result<OnnxValue> BiInteractionLayer(const LayerScope& scope) {
  ASSIGN_OR_RETURN(const int64_t dim, scope.Option("dim"));
  OnnxGraph& graph = scope.graph();
  std::vector<OnnxValue> sums, squares;
  for (size_t i = 0; i < scope.inputs().size(); ++i) {
    const OnnxValue slots = SlotsOf(scope, i, dim);
    sums.push_back(SumOver(graph, slots, 1, false));
    squares.push_back(SumOver(graph, Multiply(graph, slots, slots), 1, false));
  }
  const OnnxValue sum = SumOf(graph, sums);
  const OnnxValue pairs = Subtract(graph, Multiply(graph, sum, sum), SumOf(graph, squares));
  return Multiply(graph, pairs, graph.Number(0.5f));
}

Result<OnnxValue> SlotDotsLayer(const LayerScope& scope) {
  ASSIGN_OR_RETURN(const int64_t dim, scope.Option("dim"));
  OnnxGraph& graph = scope.graph();
  const bool of_two = scope.inputs().size() == 2;
  const OnnxValue left = SlotsOf(scope, 0, dim);
  const OnnxValue right = of_two ? SlotsOf(scope, 1, dim) : left;
  const int64_t n = scope.node().input(0).width() / dim;
  const int64_t m = of_two ? scope.node().input(1).width() / dim : n;
  const OnnxValue dots =
      Reshaped(graph, MatMul(graph, left, Transposed(graph, right, {0, 2, 1})), {n * m});
  if (of_two) return dots;
  return graph.Op("Gather", {dots, graph.Ints(PlacesOfPairs(n))}, {{"axis", {1}}});
}

Result<OnnxValue> SlotMeansLayer(const LayerScope& scope) {
  ASSIGN_OR_RETURN(const int64_t dim, scope.Option("dim"));
  OnnxGraph& graph = scope.graph();
  const OnnxValue part = graph.Number(1.0f / static_cast<float>(dim));
  return Multiply(graph, SumOver(graph, SlotsOf(scope, 0, dim), 2, false), part);
}

// Inputs: the slots, a weight for each.
Result<OnnxValue> ScaleSlotsLayer(const LayerScope& scope) {
  ASSIGN_OR_RETURN(const int64_t dim, scope.Option("dim"));
  OnnxGraph& graph = scope.graph();
  const OnnxValue weights = SlotsOf(scope, 1, 1);
  return Reshaped(graph, Multiply(graph, SlotsOf(scope, 0, dim), weights), {scope.node().width()});
}

// Inputs: the gate's logits, the experts.
Result<OnnxValue> MixtureLayer(const LayerScope& scope) {
  OnnxGraph& graph = scope.graph();
  const std::vector<OnnxValue> experts(scope.inputs().begin() + 1, scope.inputs().end());
  const auto count = static_cast<int64_t>(experts.size());
  const OnnxValue shares = graph.Op("Softmax", {scope.inputs()[0]}, {{"axis", {1}}});
  const OnnxValue units = Reshaped(graph, Joined(graph, experts, 1), {count, scope.node().width()});
  return SumOver(graph, Multiply(graph, Reshaped(graph, shares, {count, 1}), units), 1, false);
}

}  // namespace chorus::launch
