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
  std::string bytes;     // a serialised ModelProto; the same of the same checkpoint
};

// manifest: DescribeModel's (launch/command/export_manifest.h).  dense: the same checkpoint's.
// Errors: kInvalidArgument names node and layer that have no translation, or the method;
// kResourceExhausted, the weights are above protobuf's 2 GiB.
Result<OnnxModel> MakeOnnxModel(const ExportManifest& manifest, const worker::DenseState& dense);

}  // namespace chorus::launch
