#pragma once
// The dense part of a model as an ONNX model: from pooled slots, elements of sequences and numeric
// columns to pctr, pcvr and pctcvr, [exposures] each. Embedding tables stay outside.
// launch/README.md explains inputs and outputs. Thread safety: pure functions.

#include <string>

#include "common/export.pb.h"
#include "common/status.h"
#include "worker/train/dense_state.h"

namespace chorus::launch {

struct OnnxModel {
  ExportOnnx described;  // without file and checksum
  std::string bytes;     // a serialised ModelProto; the same checkpoint gives the same bytes
};

// manifest: that of DescribeModel (launch/command/export_manifest.h). dense: the same checkpoint's.
// Errors: kInvalidArgument, which names the node and layer, or the method, that has no translation;
// kResourceExhausted when the weights exceed protobuf's 2 GiB.
Result<OnnxModel> MakeOnnxModel(const ExportManifest& manifest, const worker::DenseState& dense);

}  // namespace chorus::launch
