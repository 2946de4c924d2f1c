#pragma once
// Writes a generated world's log: part-00000.log ..., oracle.bin and, when asked,
// potential/part-00000.log ... (the same exposures with click = 1 and conversion = y1). The bytes
// depend on the configuration alone, not on the number of threads. Memory: a few blocks a thread.
// Thread safety: independent calls for different directories.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "common/file.h"
#include "common/status.h"
#include "worker/synthetic/world.h"

namespace chorus::worker {

struct GenerateOptions {
  std::string directory;  // made if absent; must hold no log files yet
  bool potential_labels = false;
  uint32_t threads = 1;
  std::function<void(uint64_t exposures_done)>
      progress;  // may be empty; called by the caller's thread
};

// Of one space (D, O or N).
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

// Error: kFailedPrecondition if the directory holds a log; what writing gives.
Result<GenerateSummary> GenerateLog(FileSystem& files, const World& world,
                                    const GenerateOptions& options);

}  // namespace chorus::worker
