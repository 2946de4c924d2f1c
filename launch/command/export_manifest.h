#pragma once
// What `chorus export` says of a model besides its numbers. Thread safety: pure functions.

#include <string>

#include "common/checkpoint.pb.h"
#include "common/export.pb.h"
#include "common/status.h"

namespace chorus::launch {

// Inputs and layers of the checkpoint's model; arrays are the caller's. Error: the checkpoint's
// configuration does not fit its columns (InputLayout::Make, Network::Make).
Result<ExportManifest> DescribeModel(const CheckpointManifest& checkpoint);

// manifest.json, with every field.
Result<std::string> ExportManifestJson(const ExportManifest& manifest);

}  // namespace chorus::launch
