#include "launch/onnx/onnx_graph.h"

#include <algorithm>
#include <bit>

#include "common/check.h"
#include "common/strings.h"

namespace chorus::launch {
namespace {

static_assert(std::endian::native == std::endian::little, "raw_data is little-endian");

template <typename T>
std::string BytesOf(std::span<const T> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

void Describe(const std::string& name, onnx::TensorProto::DataType type, const char* rows,
              std::span<const int64_t> dims, const std::string& doc, onnx::ValueInfoProto* out) {
  out->set_name(name);
  out->set_doc_string(doc);
  onnx::TypeProto::Tensor* const tensor = out->mutable_type()->mutable_tensor_type();
  tensor->set_elem_type(type);
  tensor->mutable_shape()->add_dim()->set_dim_param(rows);
  for (const int64_t dim : dims) tensor->mutable_shape()->add_dim()->set_dim_value(dim);
}

}  // namespace

const char* OnnxGraph::DimensionOf(RowsOf rows) {
  CHECK(rows != RowsOf::kConstant, "a constant has no rows");
  return rows == RowsOf::kContexts ? "contexts" : "exposures";
}

onnx::TensorProto* OnnxGraph::AddInitializer(const std::string& name, std::span<const int64_t> dims,
                                             onnx::TensorProto::DataType type) {
  onnx::TensorProto* const tensor = proto_.add_initializer();
  tensor->set_name(name);
  tensor->set_data_type(type);
  for (const int64_t dim : dims) tensor->add_dims(dim);
  return tensor;
}

OnnxValue OnnxGraph::Floats(const std::string& name, std::span<const int64_t> dims,
                            std::span<const float> values) {
  if (constants_.insert(name).second) {
    AddInitializer(name, dims, onnx::TensorProto::FLOAT)->set_raw_data(BytesOf(values));
  }
  return {name};
}

OnnxValue OnnxGraph::Ints(const std::vector<int64_t>& values) {
  std::string name = "ints";
  for (const int64_t value : values) name += StrCat("/", value);
  if (constants_.insert(name).second) {
    const int64_t dims[] = {static_cast<int64_t>(values.size())};
    AddInitializer(name, dims, onnx::TensorProto::INT64)
        ->set_raw_data(BytesOf(std::span<const int64_t>(values)));
  }
  return {name};
}

OnnxValue OnnxGraph::Number(float value) {
  return Floats(StrCat("number/", value), {}, {&value, 1});
}

void OnnxGraph::AddNode(const std::string& type, const std::vector<std::string>& inputs,
                        const std::string& output, const std::vector<OnnxAttribute>& attributes) {
  onnx::NodeProto* const node = proto_.add_node();
  node->set_op_type(type);
  node->set_name(output);
  for (const std::string& input : inputs) node->add_input(input);
  node->add_output(output);
  for (const OnnxAttribute& attribute : attributes) {
    onnx::AttributeProto* const out = node->add_attribute();
    out->set_name(attribute.name);
    out->set_type(attribute.is_list ? onnx::AttributeProto::INTS : onnx::AttributeProto::INT);
    if (!attribute.is_list) out->set_i(attribute.values.at(0));
    for (const int64_t value : attribute.values) {
      if (attribute.is_list) out->add_ints(value);
    }
  }
}

OnnxValue OnnxGraph::Op(const std::string& type, std::vector<OnnxValue> operands,
                        const std::vector<OnnxAttribute>& attributes) {
  OnnxValue out;
  for (const OnnxValue& operand : operands) out.rows = std::max(out.rows, operand.rows);
  std::vector<std::string> inputs;
  for (const OnnxValue& operand : operands) {
    const bool gathers = operand.rows == RowsOf::kContexts && out.rows == RowsOf::kExposures;
    inputs.push_back(gathers ? OnExposures(operand).name : operand.name);
  }
  out.name = StrCat(scope_, ":", values_++);
  AddNode(type, inputs, out.name, attributes);
  return out;
}

OnnxValue OnnxGraph::OnExposures(const OnnxValue& value) {
  if (value.rows != RowsOf::kContexts) return value;
  OnnxValue& gathered = gathered_[value.name];
  if (gathered.name.empty()) {
    gathered = {StrCat(scope_, ":", values_++), RowsOf::kExposures};
    AddNode("Gather", {value.name, kContextOf}, gathered.name, {{"axis", {0}}});
  }
  return gathered;
}

void OnnxGraph::AddInput(const OnnxValue& input, onnx::TensorProto::DataType type,
                         std::span<const int64_t> dims, const std::string& doc) {
  Describe(input.name, type, DimensionOf(input.rows), dims, doc, proto_.add_input());
}

void OnnxGraph::AddOutput(const std::string& name, const OnnxValue& value, const std::string& doc) {
  AddNode("Reshape", {value.name, Ints({0}).name}, name, {});
  Describe(name, onnx::TensorProto::FLOAT, DimensionOf(value.rows), {}, doc, proto_.add_output());
}

}  // namespace chorus::launch
