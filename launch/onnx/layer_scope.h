#pragma once
// Everything that a layer's translation uses: its node in the export's manifest, the columns that
// it reads, its weights and options, and the graph. Thread safety: none.

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/export.pb.h"
#include "common/status.h"
#include "launch/onnx/onnx_graph.h"
#include "worker/train/dense_state.h"

namespace chorus::launch {

// The weights of a checkpoint by their names in an export: "tower.cvr.0.bias".
class DenseArrays {
 public:
  // `dense` outlives this.
  explicit DenseArrays(const worker::DenseState& dense);
  // Error: kNotFound.
  Result<const worker::NamedArray*> Find(const std::string& name) const;

 private:
  std::map<std::string, const worker::NamedArray*> arrays_;
};

// The arrays of a node's parts side by side, row-major.
struct DenseMatrix {
  std::string name;  // unique in the model
  int64_t rows = 0;
  int64_t cols = 0;
  std::vector<float> values;
};

class LayerScope {
 public:
  LayerScope(const ExportNode& node, std::vector<OnnxValue> inputs, const DenseArrays& arrays,
             OnnxGraph* graph)
      : node_(node), inputs_(std::move(inputs)), arrays_(arrays), graph_(*graph) {}

  const ExportNode& node() const { return node_; }
  // The columns of each input, with the rows of its own side.  [rows, width]
  const std::vector<OnnxValue>& inputs() const { return inputs_; }
  OnnxGraph& graph() const { return graph_; }

  // The arrays PART.name of all parts. Errors: kNotFound when one is missing; kDataLoss when their
  // numbers of rows differ.
  Result<DenseMatrix> Matrix(const std::string& name) const;
  // The same as a constant of the graph, [rows, cols].
  Result<OnnxValue> Weight(const std::string& name) const;
  OnnxValue Constant(const DenseMatrix& matrix) const;
  // x W + b with the matrices "PREFIX.weight" and "PREFIX.bias".
  Result<OnnxValue> Affine(const OnnxValue& x, const std::string& prefix) const;
  // Error: kNotFound.
  Result<int64_t> Option(const std::string& name) const;

 private:
  const ExportNode& node_;
  const std::vector<OnnxValue> inputs_;
  const DenseArrays& arrays_;
  OnnxGraph& graph_;
};

}  // namespace chorus::launch
