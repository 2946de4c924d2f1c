#pragma once
// `chorus merge`: several logs become one, and labels that came later become part of it. Its bytes
// are those of an import of all texts at once, where that import would have read the rows in the
// same way: with row ids in the text, means and deviations that all have from one log, and no
// min_count or split.
// Thread safety: many threads may call, with outputs of their own.

#include <cstdint>
#include <string>
#include <vector>

#include "common/file.h"
#include "common/progress.h"
#include "common/status.h"
#include "worker/import/log_output.h"
#include "worker/import/repeated_ids.h"

namespace chorus::worker {

struct MergeOptions {
  std::vector<std::string> logs = {};  // files or folders, in the order of their rows
  std::string output = {};             // a folder that does not exist or is empty
  uint32_t threads = 1;                // encode; the bytes do not depend on their number
  ProgressLine* progress = nullptr;
};

struct MergeSummary {
  PartSummary log;
  uint64_t files = 0;                      // that were merged
  uint64_t labelled = 0;                   // exposures with labels that came later
  std::vector<std::string> left_out = {};  // columns that the first log lacks
  RepeatedRows repeated_ids = {};          // of all logs
  // Whether rows were numbered by their imports, so that logs may share row ids.
  bool numbered_rows = false;
};

// Memory: a few blocks, and what RepeatedIds takes. Errors: kFailedPrecondition, a column is
// missing in a log or was made by other rules than that of the first one (names column and both),
// or the output is there; kInvalidArgument, there are no rows, or a log file is there twice, under
// whatever names (names both).
Result<MergeSummary> MergeLogs(FileSystem& files, const MergeOptions& options);

// The summary as lines for a person.
std::string FormatMergeSummary(const MergeSummary& summary);

}  // namespace chorus::worker
