#include "tests/launch/onnx/interpreter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <numeric>
#include <optional>
#include <utility>

namespace chorus::launch::testing {
namespace {

using Dims = std::vector<int64_t>;

int64_t CountOf(const Dims& dims, size_t begin, size_t end) {
  return std::accumulate(dims.begin() + static_cast<std::ptrdiff_t>(begin),
                         dims.begin() + static_cast<std::ptrdiff_t>(end), int64_t{1},
                         std::multiplies<>());
}
int64_t CountOf(const Dims& dims) { return CountOf(dims, 0, dims.size()); }

Tensor Zeros(Dims dims) {
  const auto count = static_cast<size_t>(CountOf(dims));
  return {std::move(dims), std::vector<double>(count)};
}

double& At(Tensor& tensor, int64_t index) { return tensor.values.at(static_cast<size_t>(index)); }
double At(const Tensor& tensor, int64_t index) {
  return tensor.values.at(static_cast<size_t>(index));
}
int64_t IntAt(const Tensor& tensor, size_t index) {
  return static_cast<int64_t>(tensor.values.at(index));
}

// A tensor as [outer, length of a dimension, inner].
struct AroundAxis {
  AroundAxis(const Tensor& tensor, int64_t axis_number)
      : axis(static_cast<size_t>(axis_number)),
        outer(CountOf(tensor.dims, 0, axis)),
        length(tensor.dims.at(axis)),
        inner(CountOf(tensor.dims, axis + 1, tensor.dims.size())) {}
  int64_t At(int64_t o, int64_t l, int64_t i) const { return (o * length + l) * inner + i; }

  size_t axis;
  int64_t outer, length, inner;
};

using UnaryFunction = double (*)(double);
UnaryFunction FindUnary(const std::string& type) {
  static const std::map<std::string, UnaryFunction> functions = {
      {"Cast", [](double x) { return x; }},
      {"Exp", [](double x) { return std::exp(x); }},
      {"Neg", [](double x) { return -x; }},
      {"Relu", [](double x) { return std::max(x, 0.0); }},
      {"Sigmoid", [](double x) { return 1 / (1 + std::exp(-x)); }},
      {"Softplus", [](double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }},
      {"Sqrt", [](double x) { return std::sqrt(x); }},
      {"Tanh", [](double x) { return std::tanh(x); }},
  };
  const auto found = functions.find(type);
  return found == functions.end() ? nullptr : found->second;
}

using BinaryFunction = double (*)(double, double);
BinaryFunction FindBinary(const std::string& type) {
  static const std::map<std::string, BinaryFunction> functions = {
      {"Add", [](double a, double b) { return a + b; }},
      {"Div", [](double a, double b) { return a / b; }},
      {"Equal", [](double a, double b) { return a == b ? 1.0 : 0.0; }},
      {"Less", [](double a, double b) { return a < b ? 1.0 : 0.0; }},
      {"Max", [](double a, double b) { return std::max(a, b); }},
      {"Min", [](double a, double b) { return std::min(a, b); }},
      {"Mul", [](double a, double b) { return a * b; }},
      {"PRelu", [](double a, double slope) { return a < 0 ? slope * a : a; }},
      {"Sub", [](double a, double b) { return a - b; }},
  };
  const auto found = functions.find(type);
  return found == functions.end() ? nullptr : found->second;
}

// The place of element `index` of a tensor of dims `out` in a tensor that is broadcast to it.
int64_t BroadcastIndex(int64_t index, const Dims& out, const Dims& from) {
  int64_t place = 0, stride = 1;
  for (size_t back = 1; back <= out.size(); ++back) {
    const int64_t length = out[out.size() - back], at = index % length;
    index /= length;
    if (back > from.size()) continue;
    const int64_t own = from[from.size() - back];
    if (own > 1) place += at * stride;
    stride *= own;
  }
  return place;
}

Tensor Binary(BinaryFunction function, const Tensor& a, const Tensor& b) {
  Dims dims(std::max(a.dims.size(), b.dims.size()));
  for (size_t back = 1; back <= dims.size(); ++back) {
    const int64_t of_a = back <= a.dims.size() ? a.dims[a.dims.size() - back] : 1;
    const int64_t of_b = back <= b.dims.size() ? b.dims[b.dims.size() - back] : 1;
    EXPECT_TRUE(of_a == of_b || of_a == 1 || of_b == 1) << of_a << " and " << of_b;
    dims[dims.size() - back] = of_a == 1 ? of_b : of_a;
  }
  Tensor out = Zeros(dims);
  for (int64_t i = 0; i < CountOf(dims); ++i) {
    At(out, i) =
        function(At(a, BroadcastIndex(i, dims, a.dims)), At(b, BroadcastIndex(i, dims, b.dims)));
  }
  return out;
}

// [.., n, k] times [k, m], or times [.., k, m]: a matrix each.
Tensor Product(const Tensor& a, const Tensor& b) {
  const int64_t k = a.dims.back(), m = b.dims.back();
  EXPECT_EQ(b.dims[b.dims.size() - 2], k);
  Dims dims = a.dims;
  dims.back() = m;
  Tensor out = Zeros(dims);
  const int64_t n = a.dims[a.dims.size() - 2];
  const bool of_many = b.dims.size() > 2;
  if (of_many) {
    EXPECT_TRUE(std::equal(a.dims.begin(), a.dims.end() - 2, b.dims.begin(), b.dims.end() - 2));
  }
  for (int64_t row = 0; row < CountOf(a.dims) / std::max<int64_t>(k, 1); ++row) {
    const int64_t matrix = of_many ? row / n * k * m : 0;
    for (int64_t j = 0; j < m; ++j) {
      for (int64_t i = 0; i < k; ++i) {
        At(out, row * m + j) += At(a, row * k + i) * At(b, matrix + i * m + j);
      }
    }
  }
  return out;
}

// The elements of a dimension that are at these places.
Tensor Taken(const Tensor& x, int64_t axis, const Dims& places) {
  const AroundAxis from(x, axis);
  Dims dims = x.dims;
  dims[from.axis] = static_cast<int64_t>(places.size());
  Tensor out = Zeros(dims);
  const AroundAxis to(out, axis);
  for (int64_t o = 0; o < from.outer; ++o) {
    for (int64_t l = 0; l < to.length; ++l) {
      const int64_t place = places[static_cast<size_t>(l)];
      EXPECT_TRUE(place >= 0 && place < from.length) << place;
      for (int64_t i = 0; i < from.inner; ++i) {
        At(out, to.At(o, l, i)) = At(x, from.At(o, place, i));
      }
    }
  }
  return out;
}

// The same, where a tensor of any dimensions says which.
Tensor Gathered(const Tensor& x, int64_t axis, const Tensor& places) {
  Dims flat;
  for (size_t i = 0; i < places.values.size(); ++i) flat.push_back(IntAt(places, i));
  Tensor out = Taken(x, axis, flat);
  out.dims.erase(out.dims.begin() + axis);
  out.dims.insert(out.dims.begin() + axis, places.dims.begin(), places.dims.end());
  return out;
}

Tensor Concat(const std::vector<const Tensor*>& x, int64_t axis) {
  Dims dims = x[0]->dims;
  const auto along = static_cast<size_t>(axis);
  dims[along] = 0;
  for (const Tensor* const part : x) {
    dims[along] += part->dims.at(along);
    EXPECT_EQ(part->dims[0], x[0]->dims[0]);
  }
  Tensor out = Zeros(dims);
  const AroundAxis to(out, axis);
  int64_t first = 0;
  for (const Tensor* const part : x) {
    const AroundAxis from(*part, axis);
    for (int64_t o = 0; o < from.outer; ++o) {
      for (int64_t l = 0; l < from.length; ++l) {
        for (int64_t i = 0; i < from.inner; ++i) {
          At(out, to.At(o, first + l, i)) = At(*part, from.At(o, l, i));
        }
      }
    }
    first += from.length;
  }
  return out;
}

Tensor ReduceSum(const Tensor& x, int64_t axis, bool keep) {
  const AroundAxis from(x, axis);
  Dims dims = x.dims;
  dims[from.axis] = 1;
  Tensor out = Zeros(dims);
  for (int64_t o = 0; o < from.outer; ++o) {
    for (int64_t l = 0; l < from.length; ++l) {
      for (int64_t i = 0; i < from.inner; ++i) {
        At(out, o * from.inner + i) += At(x, from.At(o, l, i));
      }
    }
  }
  if (!keep) out.dims.erase(out.dims.begin() + axis);
  return out;
}

Tensor Softmax(const Tensor& x, int64_t axis) {
  const AroundAxis around(x, axis);
  EXPECT_EQ(around.inner, 1);
  Tensor out = x;
  for (int64_t o = 0; o < around.outer; ++o) {
    double most = -INFINITY, sum = 0;
    for (int64_t l = 0; l < around.length; ++l) most = std::max(most, At(x, around.At(o, l, 0)));
    for (int64_t l = 0; l < around.length; ++l) {
      double& value = At(out, around.At(o, l, 0));
      value = std::exp(value - most);
      sum += value;
    }
    for (int64_t l = 0; l < around.length; ++l) At(out, around.At(o, l, 0)) /= sum;
  }
  return out;
}

// Dimension d of the result is order[d] of x.
Tensor Transposed(const Tensor& x, const Dims& order) {
  EXPECT_EQ(order.size(), x.dims.size());
  Dims dims;
  for (const int64_t from : order) dims.push_back(x.dims.at(static_cast<size_t>(from)));
  Tensor out = Zeros(dims);
  for (int64_t i = 0; i < CountOf(dims); ++i) {
    int64_t rest = i, place = 0;
    for (size_t d = dims.size(); d-- > 0; rest /= dims[d]) {
      place += rest % dims[d] * CountOf(x.dims, static_cast<size_t>(order[d]) + 1, dims.size());
    }
    At(out, i) = At(x, place);
  }
  return out;
}

Tensor Reshaped(Tensor x, const Tensor& shape) {
  Dims dims;
  for (size_t d = 0; d < shape.values.size(); ++d) {
    const int64_t dim = IntAt(shape, d);
    EXPECT_GE(dim, 0);
    dims.push_back(dim == 0 ? x.dims.at(d) : dim);
  }
  EXPECT_EQ(CountOf(dims), CountOf(x.dims));
  x.dims = dims;
  return x;
}

const onnx::AttributeProto& Attribute(const onnx::NodeProto& node, const std::string& name,
                                      onnx::AttributeProto::AttributeType type) {
  for (const onnx::AttributeProto& attribute : node.attribute()) {
    if (attribute.name() != name) continue;
    EXPECT_EQ(attribute.type(), type);
    return attribute;
  }
  ADD_FAILURE() << node.name() << ": no attribute " << name;
  return onnx::AttributeProto::default_instance();
}

int64_t Number(const onnx::NodeProto& node, const std::string& attribute) {
  return Attribute(node, attribute, onnx::AttributeProto::INT).i();
}

Dims List(const onnx::NodeProto& node, const std::string& attribute) {
  const auto& ints = Attribute(node, attribute, onnx::AttributeProto::INTS).ints();
  return {ints.begin(), ints.end()};
}

std::optional<Tensor> Computed(const onnx::NodeProto& node, const std::vector<const Tensor*>& x) {
  const std::string& type = node.op_type();
  if (const UnaryFunction function = FindUnary(type); function != nullptr) {
    Tensor out = *x[0];
    for (double& value : out.values) value = function(value);
    return out;
  }
  if (const BinaryFunction function = FindBinary(type); function != nullptr) {
    return Binary(function, *x[0], *x[1]);
  }
  if (type == "MatMul") return Product(*x[0], *x[1]);
  if (type == "Gather") return Gathered(*x[0], Number(node, "axis"), *x[1]);
  if (type == "Concat") return Concat(x, Number(node, "axis"));
  if (type == "ReduceSum") return ReduceSum(*x[0], IntAt(*x[1], 0), Number(node, "keepdims") == 1);
  if (type == "Softmax") return Softmax(*x[0], Number(node, "axis"));
  if (type == "Transpose") return Transposed(*x[0], List(node, "perm"));
  if (type == "Reshape") return Reshaped(*x[0], *x[1]);
  if (type == "Slice") {
    Dims places(static_cast<size_t>(IntAt(*x[2], 0) - IntAt(*x[1], 0)));
    std::iota(places.begin(), places.end(), IntAt(*x[1], 0));
    return Taken(*x[0], IntAt(*x[3], 0), places);
  }
  return std::nullopt;
}

template <typename T>
std::vector<double> Numbers(const std::string& bytes) {
  std::vector<T> values(bytes.size() / sizeof(T));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
  return {values.begin(), values.end()};
}

// The inputs' number of rows is that of all inputs with the same symbol.
void ExpectDeclared(const onnx::GraphProto& graph, const Tensors& inputs) {
  EXPECT_EQ(static_cast<size_t>(graph.input_size()), inputs.size());
  std::map<std::string, int64_t> symbols;
  for (const onnx::ValueInfoProto& input : graph.input()) {
    const auto found = inputs.find(input.name());
    ASSERT_TRUE(found != inputs.end()) << input.name();
    const Dims& dims = found->second.dims;
    const onnx::TensorShapeProto& shape = input.type().tensor_type().shape();
    ASSERT_EQ(static_cast<size_t>(shape.dim_size()), dims.size()) << input.name();
    for (int d = 0; d < shape.dim_size(); ++d) {
      const int64_t length = dims[static_cast<size_t>(d)];
      const std::string& symbol = shape.dim(d).dim_param();
      const int64_t expected =
          symbol.empty() ? shape.dim(d).dim_value() : symbols.emplace(symbol, length).first->second;
      EXPECT_EQ(length, expected) << input.name() << ", dimension " << d;
    }
  }
}

}  // namespace

Tensors Evaluate(const onnx::ModelProto& model, const Tensors& inputs) {
  const onnx::GraphProto& graph = model.graph();
  ExpectDeclared(graph, inputs);
  Tensors known = inputs, outputs;
  for (const onnx::TensorProto& constant : graph.initializer()) {
    Tensor tensor = {{constant.dims().begin(), constant.dims().end()}, {}};
    tensor.values = constant.data_type() == onnx::TensorProto::FLOAT
                        ? Numbers<float>(constant.raw_data())
                        : Numbers<int64_t>(constant.raw_data());
    EXPECT_EQ(static_cast<int64_t>(tensor.values.size()), CountOf(tensor.dims)) << constant.name();
    EXPECT_TRUE(known.emplace(constant.name(), std::move(tensor)).second) << constant.name();
  }
  for (const onnx::NodeProto& node : graph.node()) {
    std::vector<const Tensor*> operands;
    for (const std::string& input : node.input()) {
      const auto found = known.find(input);
      if (found == known.end()) {
        ADD_FAILURE() << node.name() << " reads " << input << ", which nobody wrote";
        return outputs;
      }
      operands.push_back(&found->second);
    }
    std::optional<Tensor> output = Computed(node, operands);
    if (!output.has_value()) {
      ADD_FAILURE() << node.name() << ": operator " << node.op_type() << " is not known";
      return outputs;
    }
    EXPECT_TRUE(known.emplace(node.output(0), *std::move(output)).second) << node.output(0);
  }
  for (const onnx::ValueInfoProto& output : graph.output()) {
    if (known.count(output.name()) > 0) outputs[output.name()] = known[output.name()];
  }
  return outputs;
}

}  // namespace chorus::launch::testing
