#include "launch/onnx/operators.h"

#include <numeric>

#include "common/strings.h"

namespace chorus::launch {

OnnxValue Add(OnnxGraph& graph, const OnnxValue& a, const OnnxValue& b) {
  return graph.Op("Add", {a, b});
}

OnnxValue Subtract(OnnxGraph& graph, const OnnxValue& a, const OnnxValue& b) {
  return graph.Op("Sub", {a, b});
}

OnnxValue Multiply(OnnxGraph& graph, const OnnxValue& a, const OnnxValue& b) {
  return graph.Op("Mul", {a, b});
}

OnnxValue Divide(OnnxGraph& graph, const OnnxValue& a, const OnnxValue& b) {
  return graph.Op("Div", {a, b});
}

OnnxValue MatMul(OnnxGraph& graph, const OnnxValue& a, const OnnxValue& b) {
  return graph.Op("MatMul", {a, b});
}

OnnxValue Relu(OnnxGraph& graph, const OnnxValue& x) { return graph.Op("Relu", {x}); }

OnnxValue SumOf(OnnxGraph& graph, const std::vector<OnnxValue>& terms) {
  OnnxValue sum;
  for (const RowsOf rows : {RowsOf::kConstant, RowsOf::kContexts, RowsOf::kExposures}) {
    for (const OnnxValue& term : terms) {
      if (term.rows == rows) sum = sum.name.empty() ? term : Add(graph, sum, term);
    }
  }
  return sum;
}

OnnxValue SumOver(OnnxGraph& graph, const OnnxValue& x, int64_t axis, bool keep) {
  return graph.Op("ReduceSum", {x, graph.Ints({axis})}, {{"keepdims", {keep ? 1 : 0}}});
}

OnnxValue Joined(OnnxGraph& graph, const std::vector<OnnxValue>& values, int64_t axis) {
  return values.size() == 1 ? values[0] : graph.Op("Concat", values, {{"axis", {axis}}});
}

OnnxValue Columns(OnnxGraph& graph, const OnnxValue& x, int64_t first, int64_t width) {
  return graph.Op("Slice",
                  {x, graph.Ints({first}), graph.Ints({first + width}), graph.Ints({int64_t{1}})});
}

OnnxValue Transposed(OnnxGraph& graph, const OnnxValue& x, const std::vector<int64_t>& order) {
  return graph.Op("Transpose", {x}, {{.name = "perm", .values = order, .is_list = true}});
}

OnnxValue Reshaped(OnnxGraph& graph, const OnnxValue& x, const std::vector<int64_t>& dims) {
  std::vector<int64_t> shape = {0};
  shape.insert(shape.end(), dims.begin(), dims.end());
  return graph.Op("Reshape", {x, graph.Ints(shape)});
}

OnnxValue ToFloat(OnnxGraph& graph, const OnnxValue& x) {
  return graph.Op("Cast", {x}, {{"to", {onnx::TensorProto::FLOAT}}});
}

OnnxValue ToInt(OnnxGraph& graph, const OnnxValue& x) {
  return graph.Op("Cast", {x}, {{"to", {onnx::TensorProto::INT64}}});
}

OnnxValue ElementNumbers(OnnxGraph& graph, int64_t length) {
  std::vector<float> numbers(static_cast<size_t>(length));
  std::iota(numbers.begin(), numbers.end(), 0.0f);
  const int64_t dims[] = {1, length};
  return graph.Floats(StrCat("elements/", length), dims, numbers);
}

OnnxValue MaskOf(OnnxGraph& graph, const OnnxValue& lengths, int64_t length) {
  return ToFloat(graph, graph.Op("Less", {ElementNumbers(graph, length), lengths}));
}

}  // namespace chorus::launch
