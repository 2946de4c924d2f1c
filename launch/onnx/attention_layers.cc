// Layers that weigh elements by scores that come from other elements.

#include <cmath>

#include "launch/onnx/layers.h"
#include "launch/onnx/operators.h"

namespace chorus::launch {
namespace {

// [rows, length, width]: the sequences' elements, side by side in width.
OnnxValue ElementsOf(const LayerScope& scope, size_t sequences, int64_t length) {
  std::vector<OnnxValue> parts;
  for (size_t s = 0; s < sequences; ++s) {
    const int64_t width = scope.node().input(static_cast<int>(s)).width();
    parts.push_back(Reshaped(scope.graph(), scope.inputs()[s], {length, width / length}));
  }
  return Joined(scope.graph(), parts, 2);
}

// [rows, length, 1]: the score of each element, 0 where there is none.
Result<OnnxValue> ScoresOf(const LayerScope& scope, const OnnxValue& keys, const OnnxValue& query,
                           const OnnxValue& lengths, int64_t length) {
  ASSIGN_OR_RETURN(const OnnxValue of_key, scope.Weight("unit.key"));
  ASSIGN_OR_RETURN(const OnnxValue of_query, scope.Weight("unit.query"));
  ASSIGN_OR_RETURN(const OnnxValue of_product, scope.Weight("unit.product"));
  ASSIGN_OR_RETURN(const DenseMatrix bias, scope.Matrix("unit.bias"));
  OnnxGraph& graph = scope.graph();
  const auto as_element = [&](const OnnxValue& x, int64_t width) {
    return Reshaped(graph, x, {1, width});
  };
  const OnnxValue products = Multiply(graph, keys, as_element(query, scope.node().width()));
  const OnnxValue candidate = Add(graph, MatMul(graph, query, of_query), scope.Constant(bias));
  const OnnxValue hidden =
      Relu(graph, SumOf(graph, {MatMul(graph, keys, of_key), as_element(candidate, bias.cols),
                                MatMul(graph, products, of_product)}));
  ASSIGN_OR_RETURN(const OnnxValue scores, scope.Affine(hidden, "score"));
  return Multiply(graph, scores, Reshaped(graph, MaskOf(graph, lengths, length), {length, 1}));
}

// [rows, length, width]: the position's vector of element t in a sequence of n elements, row n - 1
// - t of the table; any values behind the last element.
OnnxValue PositionsOf(OnnxGraph& graph, const OnnxValue& table, const OnnxValue& lengths,
                      int64_t length) {
  const OnnxValue from_end =
      Subtract(graph, Subtract(graph, lengths, graph.Number(1)), ElementNumbers(graph, length));
  const OnnxValue rows = ToInt(graph, graph.Op("Max", {from_end, graph.Number(0)}));
  return graph.Op("Gather", {table, rows}, {{"axis", {0}}});
}

// Softmax of the scores of the elements that are there; any finite values for a row without
// elements.
// scores: [rows, heads, length, length].  mask: [rows, length].
OnnxValue MaskedShares(OnnxGraph& graph, const OnnxValue& scores, const OnnxValue& mask,
                       int64_t length) {
  constexpr float kFarBelow = 1e9f;  // e^-1e9 is 0
  const OnnxValue penalty =
      Multiply(graph, Subtract(graph, mask, graph.Number(1)), graph.Number(kFarBelow));
  return graph.Op("Softmax", {Add(graph, scores, Reshaped(graph, penalty, {1, 1, length}))},
                  {{"axis", {3}}});
}

// Query, key and value of a token, or of each element.
Result<std::vector<OnnxValue>> ProjectionsOf(const LayerScope& scope, const OnnxValue& token) {
  std::vector<OnnxValue> out;
  for (const char* name : {"query", "key", "value"}) {
    ASSIGN_OR_RETURN(const OnnxValue weight, scope.Weight(name));
    out.push_back(MatMul(scope.graph(), token, weight));
  }
  return out;
}

OnnxValue DotOfRows(OnnxGraph& graph, const OnnxValue& a, const OnnxValue& b) {
  return SumOver(graph, Multiply(graph, a, b), 1, true);
}

}  // namespace

// Inputs: the sequences, the number of elements, the queries.
Result<OnnxValue> TargetAttentionLayer(const LayerScope& scope) {
  ASSIGN_OR_RETURN(const int64_t length, scope.Option("length"));
  OnnxGraph& graph = scope.graph();
  const std::vector<OnnxValue>& x = scope.inputs();
  const size_t sequences = (x.size() - 1) / 2;
  const OnnxValue keys = ElementsOf(scope, sequences, length);
  const auto queries = x.begin() + static_cast<std::ptrdiff_t>(sequences) + 1;
  const OnnxValue query = Joined(graph, {queries, x.end()}, 1);
  ASSIGN_OR_RETURN(const OnnxValue scores, ScoresOf(scope, keys, query, x[sequences], length));
  return SumOver(graph, Multiply(graph, scores, keys), 1, false);
}

// Inputs: the sequences, the number of elements.
Result<OnnxValue> SelfAttentionLayer(const LayerScope& scope) {
  enum { kQuery, kKey, kValue };
  ASSIGN_OR_RETURN(const int64_t length, scope.Option("length"));
  ASSIGN_OR_RETURN(const int64_t heads, scope.Option("heads"));
  ASSIGN_OR_RETURN(const int64_t has_positions, scope.Option("positions"));
  OnnxGraph& graph = scope.graph();
  const OnnxValue lengths = scope.inputs().back();
  OnnxValue elements = ElementsOf(scope, scope.inputs().size() - 1, length);
  if (has_positions != 0) {
    ASSIGN_OR_RETURN(const OnnxValue table, scope.Weight("position"));
    elements = Add(graph, elements, PositionsOf(graph, table, lengths, length));
  }
  ASSIGN_OR_RETURN(const DenseMatrix out, scope.Matrix("out"));
  const int64_t units = out.rows, head_dim = units / heads;
  ASSIGN_OR_RETURN(std::vector<OnnxValue> of_element, ProjectionsOf(scope, elements));
  for (OnnxValue& x : of_element) x = Reshaped(graph, x, {length, heads, head_dim});
  const auto scale = static_cast<float>(1 / std::sqrt(static_cast<double>(head_dim)));
  const OnnxValue products = MatMul(graph, Transposed(graph, of_element[kQuery], {0, 2, 1, 3}),
                                    Transposed(graph, of_element[kKey], {0, 2, 3, 1}));
  const OnnxValue mask = MaskOf(graph, lengths, length);
  const OnnxValue shares =
      MaskedShares(graph, Multiply(graph, products, graph.Number(scale)), mask, length);
  const OnnxValue of_heads =
      MatMul(graph, shares, Transposed(graph, of_element[kValue], {0, 2, 1, 3}));
  const OnnxValue mixed =
      Reshaped(graph, Transposed(graph, of_heads, {0, 2, 1, 3}), {length, units});
  const OnnxValue sum = Add(graph, elements, MatMul(graph, mixed, scope.Constant(out)));
  return Reshaped(graph, Multiply(graph, sum, Reshaped(graph, mask, {length, 1})),
                  {scope.node().width()});
}

// Inputs: the givers, whose labels begin the names of their weights; the receiver. Of two tokens
// softmax is the sigmoid of the difference of their scores.
Result<OnnxValue> TransferLayer(const LayerScope& scope) {
  enum { kQuery, kKey, kValue };
  OnnxGraph& graph = scope.graph();
  const OnnxValue scale =
      graph.Number(static_cast<float>(1 / std::sqrt(static_cast<double>(scope.node().width()))));
  ASSIGN_OR_RETURN(const std::vector<OnnxValue> own, ProjectionsOf(scope, scope.inputs().back()));
  std::vector<OnnxValue> joined;
  for (size_t giver = 0; giver + 1 < scope.inputs().size(); ++giver) {
    const std::string& label = scope.node().input(static_cast<int>(giver)).label();
    ASSIGN_OR_RETURN(const OnnxValue units, scope.Affine(scope.inputs()[giver], label));
    ASSIGN_OR_RETURN(const std::vector<OnnxValue> other, ProjectionsOf(scope, Relu(graph, units)));
    const OnnxValue lead = Subtract(graph, DotOfRows(graph, other[kQuery], other[kKey]),
                                    DotOfRows(graph, own[kQuery], own[kKey]));
    const OnnxValue share = graph.Op("Sigmoid", {Multiply(graph, lead, scale)});
    const OnnxValue difference = Subtract(graph, other[kValue], own[kValue]);
    joined.push_back(Add(graph, own[kValue], Multiply(graph, share, difference)));
  }
  ASSIGN_OR_RETURN(const OnnxValue out, scope.Affine(Joined(graph, joined, 1), "out"));
  return Relu(graph, out);
}

}  // namespace chorus::launch
