#pragma once
// From a schema and inputs to a table of their rows: what ImportSchema.format asks for, and what
// the inputs are. Thread safety: pure functions; RowInputs is a value.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/config.pb.h"
#include "common/file.h"
#include "common/status.h"
#include "worker/import/column_rows.h"
#include "worker/import/common_rows.h"
#include "worker/import/example_rows.h"
#include "worker/import/file_format.h"
#include "worker/import/row_table.h"
#include "worker/import/text_format.h"
#include "worker/import/text_table.h"

namespace chorus::worker {

// Inputs that can be read, once or several times.
struct RowInputs {
  Content content = Content::kText;
  std::vector<TextInput> inputs;  // those that have rows
  TextFormat format;              // of text
  ExampleFeatures features;       // of TFRecord
  uint64_t bad_common_rows = 0;   // lines of common features that were passed over
  uint32_t threads = 1;           // that decode

  // The rows from the first one on.  Errors: those of reading.
  Result<std::unique_ptr<RowTable>> Open() const;
};

// What all inputs are, by their first bytes; text where these cannot be looked at.  Error:
// kInvalidArgument, they are of several kinds, or not what the schema says.
Result<Content> ContentOfAll(const ImportSchema& schema, const std::vector<TextInput>& inputs);

// What opens the inputs, which are Parquet or ORC.
std::vector<ColumnInput> ColumnInputsOf(const RowInputs& rows);

// Looks at the first bytes of all inputs that can be opened again, and at the first records of
// TFRecord. common: for formats that have
// common features, which are read now.  Errors: kInvalidArgument, the schema does not fit its
// format, or the inputs do not, or are of several kinds; those of reading.
Result<RowInputs> PrepareRows(FileSystem& files, const ImportSchema& schema,
                              std::vector<TextInput> inputs, const CommonRowsOptions& common);

}  // namespace chorus::worker
