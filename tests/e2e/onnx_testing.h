#pragma once
// A server of predictions for an exported ONNX model: what it holds, and the inputs of the graph
// that it makes of rows. Thread safety: one thread.

#include <map>
#include <string>
#include <vector>

#include "common/export.pb.h"
#include "common/file.h"
#include "common/key.h"
#include "tests/launch/onnx/interpreter.h"
#include "worker/log/batch.h"

namespace chorus::e2e {

using ServedRows = std::map<Key, std::vector<float>>;

// The graph, and rows of tables by key.
struct Served {
  ExportManifest manifest;
  onnx::ModelProto model;
  std::string bytes;
  std::map<std::string, ServedRows> tables;
};
// Exports the complete checkpoint `folder`, and holds the export.
Served Serve(FileSystem& files, const std::string& folder);

// The inputs for a block of a log. behind: the value behind a sequence's elements, which nobody may
// read.
launch::testing::Tensors OnnxInputs(const Served& served, const worker::LogSchema& schema,
                                    const worker::Batch& batch, double behind);

}  // namespace chorus::e2e
