// Layers that subtract a mean and divide by a deviation. The mean is subtracted first, as in
// training: in 32 bits a difference of large products would lose digits.

#include <cmath>

#include "launch/onnx/layers.h"
#include "launch/onnx/operators.h"

namespace chorus::launch {
namespace {

constexpr double kEpsilon = 1e-5;  // added to variances

// The input by the moments that training has kept: (x - mean) / sqrt(variance + 1e-5).
Result<OnnxValue> Normalized(const LayerScope& scope) {
  ASSIGN_OR_RETURN(const OnnxValue mean, scope.Weight("mean"));
  ASSIGN_OR_RETURN(DenseMatrix factor, scope.Matrix("variance"));
  factor.name += ".factor";
  for (float& value : factor.values) {
    value = static_cast<float>(1 / std::sqrt(static_cast<double>(value) + kEpsilon));
  }
  OnnxGraph& graph = scope.graph();
  return Multiply(graph, Subtract(graph, scope.inputs()[0], mean), scope.Constant(factor));
}

}  // namespace

Result<OnnxValue> BatchNormLayer(const LayerScope& scope) {
  ASSIGN_OR_RETURN(const OnnxValue normalized, Normalized(scope));
  ASSIGN_OR_RETURN(const OnnxValue bias, scope.Weight("bias"));
  return Relu(scope.graph(), Add(scope.graph(), normalized, bias));
}

// p x + (1 - p) alpha x = (alpha + p (1 - alpha)) x
Result<OnnxValue> DiceLayer(const LayerScope& scope) {
  ASSIGN_OR_RETURN(const OnnxValue normalized, Normalized(scope));
  ASSIGN_OR_RETURN(const OnnxValue alpha, scope.Weight("alpha"));
  OnnxGraph& graph = scope.graph();
  const OnnxValue p = graph.Op("Sigmoid", {normalized});
  const OnnxValue rest = Subtract(graph, graph.Number(1), alpha);
  const OnnxValue slope = Add(graph, alpha, Multiply(graph, p, rest));
  return Multiply(graph, slope, scope.inputs()[0]);
}

// By the moments of each row.
Result<OnnxValue> LayerNormLayer(const LayerScope& scope) {
  ASSIGN_OR_RETURN(const OnnxValue gain, scope.Weight("gain"));
  ASSIGN_OR_RETURN(const OnnxValue bias, scope.Weight("bias"));
  OnnxGraph& graph = scope.graph();
  const OnnxValue part = graph.Number(1.0f / static_cast<float>(scope.node().width()));
  const auto mean_of = [&](const OnnxValue& x) {
    return Multiply(graph, SumOver(graph, x, 1, true), part);
  };
  const OnnxValue centred = Subtract(graph, scope.inputs()[0], mean_of(scope.inputs()[0]));
  const OnnxValue variance = mean_of(Multiply(graph, centred, centred));
  const OnnxValue shifted = Add(graph, variance, graph.Number(static_cast<float>(kEpsilon)));
  const OnnxValue normalized = Divide(graph, centred, graph.Op("Sqrt", {shifted}));
  return Add(graph, Multiply(graph, normalized, gain), bias);
}

}  // namespace chorus::launch
