#pragma once
// A graph of ONNX operators while it is built. Every value knows whose rows it has; where an
// operator reads values of contexts beside values of exposures, the rows of the contexts are
// gathered first, so that what depends on the context alone is computed once per context.
// Names and order depend on the calls alone: the same calls give the same bytes.
// Thread safety: none.

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "launch/onnx/onnx.pb.h"

namespace chorus::launch {

enum class RowsOf { kConstant, kContexts, kExposures };

// The output of an operator, a constant or an input of the graph. Its first dimension is the rows.
struct OnnxValue {
  std::string name;
  RowsOf rows = RowsOf::kConstant;
};

// An attribute of an operator: a number, or a list of them.
struct OnnxAttribute {
  std::string name;
  std::vector<int64_t> values;
  bool is_list = false;
};

class OnnxGraph {
 public:
  // The input [exposures] with the row of each exposure's context.
  static constexpr const char* kContextOf = "context_of";
  // The name of an input's dimension whose length is known when the graph runs.
  static const char* DimensionOf(RowsOf rows);

  // Constants. A name stands for the same numbers whenever it is used.
  OnnxValue Floats(const std::string& name, std::span<const int64_t> dims,
                   std::span<const float> values);
  OnnxValue Ints(const std::vector<int64_t>& values);  // [values.size()]
  OnnxValue Number(float value);                       // without dimensions

  // Adds an operator and returns its only output, with rows of exposures if an operand has such.
  // Names of nodes contain the scope that was begun last.
  OnnxValue Op(const std::string& type, std::vector<OnnxValue> operands,
               const std::vector<OnnxAttribute>& attributes = {});
  void BeginScope(std::string name) { scope_ = std::move(name); }

  // The same value with a row per exposure.
  OnnxValue OnExposures(const OnnxValue& value);
  bool gathers() const { return !gathered_.empty(); }  // context_of is an input

  // Inputs and outputs in the order of these calls. dims: behind the rows.  doc: for people.
  void AddInput(const OnnxValue& input, onnx::TensorProto::DataType type,
                std::span<const int64_t> dims, const std::string& doc);
  // Adds an output of [rows] floats, from `value`, [rows, 1].
  void AddOutput(const std::string& name, const OnnxValue& value, const std::string& doc);

  const onnx::GraphProto& proto() const { return proto_; }

 private:
  onnx::TensorProto* AddInitializer(const std::string& name, std::span<const int64_t> dims,
                                    onnx::TensorProto::DataType type);
  void AddNode(const std::string& type, const std::vector<std::string>& inputs,
               const std::string& output, const std::vector<OnnxAttribute>& attributes);

  onnx::GraphProto proto_;
  std::string scope_;
  int64_t values_ = 0;                         // that have a name
  std::set<std::string> constants_;            // names
  std::map<std::string, OnnxValue> gathered_;  // by the name of the contexts' value
};

}  // namespace chorus::launch
