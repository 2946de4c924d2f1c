#pragma once
// ONNX operators as layers call them. The first dimension of a value is its rows, and `axis` counts
// it: 1 is the first dimension behind the rows. Where a dimension is given as 0 in ONNX's Reshape,
// it stays as it is: that keeps rows whose number is known when the graph runs, also when it is 0.
// Thread safety: as OnnxGraph.

#include <cstdint>
#include <vector>

#include "launch/onnx/onnx_graph.h"

namespace chorus::launch {

OnnxValue Add(OnnxGraph& graph, const OnnxValue& a, const OnnxValue& b);
OnnxValue Subtract(OnnxGraph& graph, const OnnxValue& a, const OnnxValue& b);
OnnxValue Multiply(OnnxGraph& graph, const OnnxValue& a, const OnnxValue& b);  // by element
OnnxValue Divide(OnnxGraph& graph, const OnnxValue& a, const OnnxValue& b);
OnnxValue MatMul(OnnxGraph& graph, const OnnxValue& a, const OnnxValue& b);
OnnxValue Relu(OnnxGraph& graph, const OnnxValue& x);

// REQUIRES: there is a term. Those of contexts are added to one another once per context.
OnnxValue SumOf(OnnxGraph& graph, const std::vector<OnnxValue>& terms);
// The sum over a dimension, which is then left out or, with `keep`, has length 1.
OnnxValue SumOver(OnnxGraph& graph, const OnnxValue& x, int64_t axis, bool keep);
// Values side by side along a dimension; a single value is returned as it is.
OnnxValue Joined(OnnxGraph& graph, const std::vector<OnnxValue>& values, int64_t axis);
OnnxValue Columns(OnnxGraph& graph, const OnnxValue& x, int64_t first, int64_t width);
// x with its dimensions in another order; order[0] is 0.
OnnxValue Transposed(OnnxGraph& graph, const OnnxValue& x, const std::vector<int64_t>& order);
// x with other dimensions behind the rows.
OnnxValue Reshaped(OnnxGraph& graph, const OnnxValue& x, const std::vector<int64_t>& dims);
// [1, length]: 0, 1, ..., the numbers of a sequence's elements.
OnnxValue ElementNumbers(OnnxGraph& graph, int64_t length);
// [rows, length] with 1 where the element's number is below lengths, [rows, 1], else 0.
OnnxValue MaskOf(OnnxGraph& graph, const OnnxValue& lengths, int64_t length);
OnnxValue ToFloat(OnnxGraph& graph, const OnnxValue& x);
OnnxValue ToInt(OnnxGraph& graph, const OnnxValue& x);

}  // namespace chorus::launch
