#pragma once
// A checkpoint as plain arrays for serving, without optimizer state.
//
//   manifest.json         inputs, layers and arrays: common/export.proto, launch/README.md
//   <table>.keys.u64      [rows], ascending
//   <table>.weights.f32   [rows, dim], row-major; in fewer bits: launch/serving/row_form.h
//   dense/<block>.f32     [rows, cols], row-major    (all little-endian)
//   model.onnx            the layers once more, if asked for
// Thread safety: one thread per output.

#include <string>

#include "common/file.h"
#include "common/status.h"
#include "launch/serving/row_form.h"

namespace chorus::launch {

// Writes the complete checkpoint `folder` to the new folder `output`.
// Errors: kDataLoss when the checkpoint is damaged; kFailedPrecondition as OutputFolder;
// kInvalidArgument when a layer has no ONNX translation, or the form cannot hold a weight.
Status ExportModel(FileSystem& files, const std::string& folder, const std::string& output,
                   bool onnx, RowForm form = ExportRows::FORM_UNSPECIFIED);

}  // namespace chorus::launch
