// Functions of one input, element by element.

#include <cmath>
#include <numbers>

#include "launch/onnx/layers.h"
#include "launch/onnx/operators.h"

namespace chorus::launch {

Result<OnnxValue> ReluLayer(const LayerScope& scope) {
  return Relu(scope.graph(), scope.inputs()[0]);
}

// x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))): opset 17 has no Gelu.
Result<OnnxValue> GeluLayer(const LayerScope& scope) {
  OnnxGraph& graph = scope.graph();
  const auto slope = static_cast<float>(std::sqrt(2 / std::numbers::pi));
  const OnnxValue x = scope.inputs()[0];
  const OnnxValue cube = Multiply(graph, Multiply(graph, x, x), x);
  const OnnxValue sum = Add(graph, x, Multiply(graph, cube, graph.Number(0.044715f)));
  const OnnxValue bend = graph.Op("Tanh", {Multiply(graph, sum, graph.Number(slope))});
  const OnnxValue share = Add(graph, bend, graph.Number(1));
  return Multiply(graph, Multiply(graph, x, graph.Number(0.5f)), share);
}

Result<OnnxValue> TwiceSigmoidLayer(const LayerScope& scope) {
  OnnxGraph& graph = scope.graph();
  return Multiply(graph, graph.Op("Sigmoid", {scope.inputs()[0]}), graph.Number(2));
}

Result<OnnxValue> PReluLayer(const LayerScope& scope) {
  ASSIGN_OR_RETURN(const OnnxValue alpha, scope.Weight("alpha"));
  return scope.graph().Op("PRelu", {scope.inputs()[0], alpha});
}

}  // namespace chorus::launch
