// A sequence as one vector. Inputs: its elements side by side, and the number of those that are
// there; the values behind them do not count.

#include "launch/onnx/layers.h"
#include "launch/onnx/operators.h"

namespace chorus::launch {
namespace {

int64_t LengthOf(const LayerScope& scope) {
  return int64_t{scope.node().input(0).width()} / scope.node().width();
}

// The sum over the elements times their shares.  shares: [rows, length].
OnnxValue WeightedSum(const LayerScope& scope, const OnnxValue& shares) {
  OnnxGraph& graph = scope.graph();
  const int64_t length = LengthOf(scope);
  const OnnxValue elements = Reshaped(graph, scope.inputs()[0], {length, scope.node().width()});
  return SumOver(graph, Multiply(graph, elements, Reshaped(graph, shares, {length, 1})), 1, false);
}

}  // namespace

Result<OnnxValue> SequenceSumLayer(const LayerScope& scope) {
  return WeightedSum(scope, MaskOf(scope.graph(), scope.inputs()[1], LengthOf(scope)));
}

Result<OnnxValue> SequenceMeanLayer(const LayerScope& scope) {
  OnnxGraph& graph = scope.graph();
  ASSIGN_OR_RETURN(const OnnxValue sum, SequenceSumLayer(scope));
  return Divide(graph, sum, graph.Op("Max", {scope.inputs()[1], graph.Number(1)}));
}

Result<OnnxValue> SequenceLastLayer(const LayerScope& scope) {
  OnnxGraph& graph = scope.graph();
  const OnnxValue last = Subtract(graph, scope.inputs()[1], graph.Number(1));
  const OnnxValue is_last = graph.Op("Equal", {ElementNumbers(graph, LengthOf(scope)), last});
  return WeightedSum(scope, ToFloat(graph, is_last));
}

}  // namespace chorus::launch
