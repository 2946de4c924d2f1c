#pragma once
// Writes the log of a generated world: part-00000.log ..., oracle.bin and, if asked for,
// potential/part-00000.log ... (the same exposures with click = 1 and conversion = y1). The bytes
// depend on the configuration alone, not on the number of threads. Memory: a few blocks per thread.
// Thread safety: calls for different directories are independent.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "common/file.h"
#include "common/status.h"
#include "worker/synthetic/world.h"

namespace chorus::worker {

struct GenerateOptions {
  std::string directory;  // appears when all is written; must not exist, or be empty
  bool potential_labels = false;
  uint32_t threads = 1;
  // Called on the caller's thread; may be empty.
  std::function<void(uint64_t exposures_done)> progress = {};
};

// The exposures of one space (D, O or N).
struct SpaceSummary {
  uint64_t rows = 0;
  double mean_p_conv_do = 0;
};

struct GenerateSummary {
  uint64_t rows = 0;
  uint64_t contexts = 0;  // as stored: a request that two blocks share counts twice
  uint64_t clicks = 0;
  uint64_t conversions = 0;
  SpaceSummary all, clicked, unclicked;
  std::vector<std::string> files;
};

// Errors: kFailedPrecondition if the directory is not empty; those of writing. After an error no
// file is left.
Result<GenerateSummary> GenerateLog(FileSystem& files, const World& world,
                                    const GenerateOptions& options);

}  // namespace chorus::worker
