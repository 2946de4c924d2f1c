#pragma once
// Writes a world in the shape of Ali-CCP, as a log or as the text files that such a log is imported
// from. Both depend on the configuration alone: an import of the text (with AliCcpSchema) gives the
// log, byte for byte, whatever the threads. Memory: a few cells per thread.
// Thread safety: calls for different directories are independent.

#include "common/file.h"
#include "common/status.h"
#include "worker/synthetic/generate_log.h"
#include "worker/synthetic/world.h"

namespace chorus::worker {

// Writes part-00000.log, ... and oracle.bin, by sample_id. Exposures with a conversion and no click
// are left out, as an import does. Errors: as GenerateLog.
Result<GenerateSummary> GenerateAliCcpLog(FileSystem& files, const World& world,
                                          const GenerateOptions& options);

// Writes sample_skeleton.csv and common_features.csv; the latter is sorted by key except for its
// first line, as the published one is. Errors: as GenerateLog.
Result<GenerateSummary> GenerateAliCcpText(FileSystem& files, const World& world,
                                           const GenerateOptions& options);

}  // namespace chorus::worker
