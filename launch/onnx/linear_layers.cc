// Products of inputs with their weights, and layers that only move or add columns.

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

Result<OnnxValue> ConcatLayer(const LayerScope& scope) {
  return Joined(scope.graph(), scope.inputs(), 1);
}

Result<OnnxValue> AddLayer(const LayerScope& scope) { return SumOf(scope.graph(), scope.inputs()); }

}  // namespace chorus::launch
