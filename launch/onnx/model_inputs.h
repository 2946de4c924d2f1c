#pragma once
// The named inputs of an exported model's graph, and the rows that layers read, which are made of
// them: launch/README.md lists both. An input that no layer reads is not declared.
// Thread safety: none.

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/export.pb.h"
#include "common/status.h"
#include "launch/onnx/onnx_graph.h"

namespace chorus::launch {

class ModelInputs {
 public:
  // Both outlive this.
  ModelInputs(const ExportManifest& manifest, OnnxGraph* graph);

  // Columns [first, first + width) of a group's context row, or of its exposure row.
  // Error: kInvalidArgument when the row has no such columns.
  Result<OnnxValue> Columns(int group, bool context, int64_t first, int64_t width);

  // After the last call of Columns: adds the inputs that were read to the graph and to *described,
  // in the order of the manifest. Error: kInvalidArgument when two would have the same name.
  Status Declare(ExportOnnx* described);

 private:
  // A range of columns of the input rows that is one input of the graph.
  struct Part {
    ExportOnnxInput input;  // without what depends on the group
    std::string doc;
    int64_t first = 0;
    int64_t width = 0;
    std::vector<int64_t> dims;  // of the input behind the rows
    bool of_group = false;      // each group has tables of its own
  };
  using PlaceOfInput = std::pair<size_t, int>;  // part, group (0 for what groups share)

  void AddSide(bool context);
  ExportOnnxInput InputOf(const PlaceOfInput& place) const;
  OnnxValue Read(const PlaceOfInput& place);

  const ExportManifest& manifest_;
  OnnxGraph& graph_;
  std::vector<Part> parts_;
  std::map<PlaceOfInput, OnnxValue> read_;  // as columns, [rows, width]
};

}  // namespace chorus::launch
