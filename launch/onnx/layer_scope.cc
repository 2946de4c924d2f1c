#include "launch/onnx/layer_scope.h"

#include "common/strings.h"
#include "launch/onnx/operators.h"

namespace chorus::launch {
namespace {

constexpr std::string_view kWeightPrefix = "weight/";  // of the arrays of a checkpoint

}  // namespace

DenseArrays::DenseArrays(const worker::DenseState& dense) {
  for (const worker::NamedArray& array : dense.arrays) {
    if (array.name.starts_with(kWeightPrefix)) {
      arrays_[array.name.substr(kWeightPrefix.size())] = &array;
    }
  }
}

Result<const worker::NamedArray*> DenseArrays::Find(const std::string& name) const {
  const auto found = arrays_.find(name);
  if (found == arrays_.end()) return NotFound(StrCat("no weights are called ", name));
  return found->second;
}

Result<DenseMatrix> LayerScope::Matrix(const std::string& name) const {
  DenseMatrix out;
  std::vector<const worker::NamedArray*> parts;
  for (const std::string& part : node_.part()) {
    ASSIGN_OR_RETURN(const worker::NamedArray* const array, arrays_.Find(StrCat(part, ".", name)));
    if (!parts.empty() && array->rows != parts[0]->rows) {
      return DataLoss(StrCat(part, ".", name, " has ", array->rows, " rows; expected: those of ",
                             parts[0]->name, ", ", parts[0]->rows));
    }
    parts.push_back(array);
    out.name += StrCat(out.name.empty() ? "" : "|", part);
    out.rows = static_cast<int64_t>(array->rows);
    out.cols += static_cast<int64_t>(array->cols);
  }
  out.name += StrCat(".", name);
  for (int64_t row = 0; row < out.rows; ++row) {
    for (const worker::NamedArray* const part : parts) {
      const auto cols = static_cast<int64_t>(part->cols);
      const auto begin = part->values.begin() + row * cols;
      out.values.insert(out.values.end(), begin, begin + cols);
    }
  }
  return out;
}

OnnxValue LayerScope::Constant(const DenseMatrix& matrix) const {
  const int64_t dims[] = {matrix.rows, matrix.cols};
  return graph_.Floats("weight/" + matrix.name, dims, matrix.values);
}

Result<OnnxValue> LayerScope::Weight(const std::string& name) const {
  ASSIGN_OR_RETURN(const DenseMatrix matrix, Matrix(name));
  return Constant(matrix);
}

Result<OnnxValue> LayerScope::Affine(const OnnxValue& x, const std::string& prefix) const {
  ASSIGN_OR_RETURN(const OnnxValue weight, Weight(prefix + ".weight"));
  ASSIGN_OR_RETURN(const OnnxValue bias, Weight(prefix + ".bias"));
  return Add(graph_, MatMul(graph_, x, weight), bias);
}

Result<int64_t> LayerScope::Option(const std::string& name) const {
  const auto found = node_.option().find(name);
  if (found == node_.option().end()) return NotFound(StrCat("the node has no option ", name));
  return static_cast<int64_t>(found->second);
}

}  // namespace chorus::launch
