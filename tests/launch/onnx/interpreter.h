#pragma once
// Computes an ONNX model by the definitions of its operators, in double precision and plain loops:
// what onnxruntime does, for tests on machines that have none. It knows the operators that Chorus
// writes. Thread safety: pure functions.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "launch/onnx/onnx.pb.h"

namespace chorus::launch::testing {

// Row-major. Integers are held as doubles.
struct Tensor {
  std::vector<int64_t> dims;
  std::vector<double> values;
};
using Tensors = std::map<std::string, Tensor>;

// The graph's outputs. Fails the test, and returns what it has, when the model is not well-formed
// (an operator reads what nobody wrote before it, a name is written twice, an operator is unknown)
// or the inputs are not those that it declares, in number, name and shape.
Tensors Evaluate(const onnx::ModelProto& model, const Tensors& inputs);

}  // namespace chorus::launch::testing
