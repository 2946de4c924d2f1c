#pragma once
// `chorus export-log`: a log as text again (one exposure per line, tab-separated, with a header),
// as TFRecord of tf.Example, or as Parquet, and the schema that makes the same rows of it.
// README.md beside this file says what a cell holds.
// Thread safety: many threads may call, with outputs of their own.

#include <cstdint>
#include <string>
#include <vector>

#include "common/config.pb.h"
#include "common/file.h"
#include "common/progress.h"
#include "common/status.h"
#include "worker/log/batch.h"

namespace chorus::worker {

struct ExportLogOptions {
  std::vector<std::string> logs = {};  // files or folders of one log
  std::string output = {};             // a file as PackedText names it; "-" is standard output
  std::string schema_output = {};      // a file for the schema; "" = none
  // DELIMITED (text), TFRECORD or PARQUET.
  ImportSchema::Format format = ImportSchema::DELIMITED;
  ProgressLine* progress = nullptr;
};

struct ExportLogSummary {
  uint64_t rows = 0;
  uint32_t columns = 0;
  bool has_click = true;  // false: import takes the text with --unlabelled
};

// Errors: those of reading and writing; kInvalidArgument, the format cannot hold a row id (names
// the block and the row): in text, an id with a tab, a line end or a NUL byte; in TFRecord, one of
// 2^63 or more.
Result<ExportLogSummary> ExportLog(FileSystem& files, const ExportLogOptions& options);

// The columns of the text, or the features of an example, in order, and the schema that reads them.
struct ExportedColumns {
  std::vector<std::string> header;
  ImportSchema schema;
};
Result<ExportedColumns> ExportedColumnsOf(const LogSchema& log,
                                          ImportSchema::Format format = ImportSchema::DELIMITED);

}  // namespace chorus::worker
