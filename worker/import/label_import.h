#pragma once
// `chorus import --labels`: clicks and conversions that came after their exposures were imported.
// They go into a label file beside each log (worker/log/label_file.h), which every reader of the
// log merges; the log's own files stay as they are. Thread safety: many threads may call, for other
// logs.

#include <cstdint>
#include <string>
#include <vector>

#include "common/config.pb.h"
#include "common/file.h"
#include "common/progress.h"
#include "common/status.h"
#include "worker/import/text_table.h"

namespace chorus::worker {

struct LabelImportOptions {
  std::vector<std::string> inputs = {};  // as MakeInputs takes them
  std::vector<std::string> logs = {};    // files or folders; a row may be of any of them
  uint64_t max_bad_rows = 0;
  std::string bad_row_remedy = {};  // as BadRows takes it
  std::string bad_rows = {};        // file that lists malformed rows; "" = none
  bool allow_unknown = false;       // rows that no log has are passed over and counted
  bool allow_repeated = false;      // exposures that share an id all get its labels, and count
  uint32_t threads = 1;             // decode blocks; the label files do not depend on their number
  int standard_input = 0;
  ProgressLine* progress = nullptr;
};

// What happened to one folder of log files.
struct LabelledLogSummary {
  std::string folder;
  std::string label_file;  // "": no label of it changed, and nothing was written
  uint64_t exposures = 0;  // exposures that have other labels now
  uint64_t new_clicks = 0, lost_clicks = 0;
  uint64_t new_conversions = 0, lost_conversions = 0;
};

struct LabelImportSummary {
  SkippedText skipped;
  uint64_t read = 0;
  uint64_t bad = 0;
  uint64_t repeated = 0;            // rows of an id that came before
  uint64_t unknown = 0;             // ids that no log has
  uint64_t repeated_exposures = 0;  // exposures beyond the first of an id; they have its labels too
  uint64_t dropped_unclicked_conversions = 0;  // exposures that keep the labels that they had
  uint64_t kept_unclicked_conversions = 0;
  bool has_click = true;       // whether the text has this column
  bool has_conversion = true;  // and this
  std::vector<LabelledLogSummary> logs;
};

// A log's folder gets its label file whole or not at all; an error before the first folder gets its
// own leaves all as they were. Errors: kInvalidArgument, a malformed row too many, an id that no
// log has or that several exposures have, a conversion without a click where unclicked_conversion
// is REJECT; kFailedPrecondition, another process writes labels there, or the log has no such
// labels at all.  REQUIRES: `schema` went through LoadConfig.
Result<LabelImportSummary> ImportLabels(FileSystem& files, const ImportSchema& schema,
                                        const LabelImportOptions& options);

// The summary as lines for a person.
std::string FormatLabelSummary(const LabelImportSummary& summary);

}  // namespace chorus::worker
