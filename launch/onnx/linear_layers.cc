// Products of inputs with their weights, and what only moves or shifts columns.

#include <cmath>

#include "launch/onnx/layers.h"
#include "launch/onnx/operators.h"

namespace chorus::launch {

Result<OnnxValue> ProductLayer(const LayerScope& scope) {
  std::vector<OnnxValue> terms;
  for (size_t i = 0; i < scope.inputs().size(); ++i) {
    ASSIGN_OR_RETURN(const OnnxValue weight,
                     scope.Weight(scope.node().input(static_cast<int>(i)).label()));
    terms.push_back(MatMul(scope.graph(), scope.inputs()[i], weight));
  }
  return SumOf(scope.graph(), terms);
}

Result<OnnxValue> LinearLayer(const LayerScope& scope) {
  ASSIGN_OR_RETURN(const OnnxValue product, ProductLayer(scope));
  ASSIGN_OR_RETURN(const OnnxValue bias, scope.Weight("bias"));
  return Add(scope.graph(), product, bias);
}

Result<OnnxValue> DenseLayer(const LayerScope& scope) {
  ASSIGN_OR_RETURN(const OnnxValue z, LinearLayer(scope));
  return Relu(scope.graph(), z);
}

// The mean is subtracted before it is scaled, as in training: in 32 bits a difference of large
// products would lose digits.
Result<OnnxValue> BatchNormLayer(const LayerScope& scope) {
  ASSIGN_OR_RETURN(const OnnxValue mean, scope.Weight("mean"));
  ASSIGN_OR_RETURN(DenseMatrix factor, scope.Matrix("variance"));
  ASSIGN_OR_RETURN(const OnnxValue bias, scope.Weight("bias"));
  factor.name += ".factor";
  for (float& value : factor.values) {
    value = static_cast<float>(1 / std::sqrt(static_cast<double>(value) + 1e-5));
  }
  OnnxGraph& graph = scope.graph();
  const OnnxValue centred = Subtract(graph, scope.inputs()[0], mean);
  const OnnxValue normalised = Multiply(graph, centred, scope.Constant(factor));
  return Relu(graph, Add(graph, normalised, bias));
}

Result<OnnxValue> ConcatLayer(const LayerScope& scope) {
  return Joined(scope.graph(), scope.inputs(), 1);
}

}  // namespace chorus::launch
