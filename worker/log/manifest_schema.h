#pragma once
// The columns of a log, and how text becomes them, as the manifests of checkpoints and of exports
// keep them. Only the log itself says whether rows have weights, groups or times.
// Thread safety: pure functions.

#include "common/checkpoint.pb.h"
#include "common/export.pb.h"
#include "worker/log/batch.h"

namespace chorus::worker {

void SchemaToManifest(const LogSchema& schema, CheckpointManifest* manifest);
LogSchema SchemaOfManifest(const CheckpointManifest& manifest);
LogSchema SchemaOfManifest(const ExportManifest& manifest);

}  // namespace chorus::worker
