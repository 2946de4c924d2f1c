#pragma once
// The manifest of an exported model: everything that `chorus export` writes besides the numbers.
// Thread safety: pure functions.

#include <string>

#include "common/checkpoint.pb.h"
#include "common/export.pb.h"
#include "common/status.h"

namespace chorus::launch {

// Inputs and layers of the checkpoint's model; the caller adds the arrays. Error: those of
// InputLayout::Make and Network::Make, when the checkpoint's configuration does not fit its
// columns.
Result<ExportManifest> DescribeModel(const CheckpointManifest& checkpoint);

// manifest.json, with every field.
Result<std::string> ExportManifestJson(const ExportManifest& manifest);

}  // namespace chorus::launch
