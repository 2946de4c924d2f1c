#pragma once
// `chorus import`: rows in, a binary log (or one per part of a split) out.
//
// One pass over the inputs, also where it learns the mean and deviation of standardised numeric
// columns (from the training part's rows only, or not at all: they can be taken from an earlier
// log): blocks wait for these (waiting_blocks.h). One more pass counts ids where slots have
// min_count (in all rows, or not at all), and one more counts rows for a contiguous split. Standard
// input can be read only once, so that it is then first copied to a file in the output's temporary
// folder. Thread safety: ImportText may be called by many threads, with outputs of their own.

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "common/config.pb.h"
#include "common/file.h"
#include "common/progress.h"
#include "common/status.h"
#include "worker/import/column_notes.h"
#include "worker/import/log_output.h"
#include "worker/import/repeated_ids.h"
#include "worker/import/row_table.h"
#include "worker/import/split.h"
#include "worker/import/text_table.h"

namespace chorus::worker {

struct ImportOptions {
  std::string schema_name = "the schema";  // for messages
  std::vector<std::string> inputs = {};    // as MakeInputs takes them; none is standard input
  std::string output = {};                 // a folder that does not exist or is empty
  // A log whose means and deviations to use; "" = learn them here. With one, min_count leaves
  // nothing out: which ids a model has is decided by what it was trained on.
  std::string like = {};
  // These come in place of inputs, of a log, and of numbers from 0 on, for an import of one portion
  // of a text after the other (follow_import.h).
  std::vector<TextInput> given_inputs = {};
  const LogSchema* like_schema = nullptr;
  uint64_t first_row = 0;     // the number of the first row, where rows have no ids
  bool may_be_empty = false;  // a part, or a log, without a row that is kept has no file
  // Malformed rows of earlier portions, which count as well; nullopt: the text is not followed.
  std::optional<uint64_t> bad_rows_before = std::nullopt;
  uint64_t max_bad_rows = 0;        // the most malformed rows, which are skipped and counted
  std::string bad_row_remedy = {};  // as BadRows takes it
  // File that lists them all; "" = none. After an error it is written if it has a line.
  std::string bad_rows = {};
  bool unlabelled = false;  // rows have no labels: the log says so
  Split split = {};
  std::string split_by = {};      // the column whose text decides a row's part; "" = its row number
  bool split_contiguous = false;  // parts are ranges of rows
  uint64_t split_seed = 1;
  uint32_t threads = 1;  // parse and encode; the log does not depend on their number
  // The most memory for common features (format ALI_CCP) and for blocks that wait for means (at
  // most 256 MB), each with a temporary file for the rest; and for counts of ids, which take
  // further passes over the inputs where they need more.
  uint64_t memory_bytes = uint64_t{4} << 30;
  int standard_input = 0;  // its descriptor
  ProgressLine* progress = nullptr;
};

struct RowCounts {
  uint64_t read = 0;
  uint64_t bad = 0;
  uint64_t dropped_unclicked_conversions = 0;
  uint64_t kept_unclicked_conversions = 0;
  uint64_t without_split_time = 0;  // rows without a time, in the first part of a split by time
  // Times of the other rows.
  int64_t least_split_time = std::numeric_limits<int64_t>::max();
  int64_t most_split_time = std::numeric_limits<int64_t>::min();
  friend bool operator==(const RowCounts&, const RowCounts&) = default;
};

struct ImportSummary {
  RowCounts rows;
  RepeatedRows repeated_ids;     // of the row_id column; none where rows are numbered
  uint64_t bad_common_rows = 0;  // lines of common features (format ALI_CCP) without a key
  SkippedText skipped;
  std::vector<ColumnNote> notes = {};      // what was replaced or dropped inside cells
  std::vector<std::string> left_out = {};  // columns that nothing reads, as ColumnPlan has them
  bool has_click = true;
  bool has_conversion = true;
  bool has_contexts = false;            // some column is a context's
  std::vector<PartSummary> parts = {};  // of the split; one without a name when there is none
};

// Error: the first malformed row past max_bad_rows ("data.csv:17: column 'sale': found '2',
// expected 0 or 1"), or what else is wrong; the output folder is then not there.  REQUIRES:
// `schema` went through LoadConfig.
Result<ImportSummary> ImportText(FileSystem& files, const ImportSchema& schema,
                                 const ImportOptions& options);

// The summary as lines for a person.
std::string FormatSummary(const ImportSummary& summary);

}  // namespace chorus::worker
