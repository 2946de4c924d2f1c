#pragma once
// From a schema and inputs to the lines of a text: what ImportSchema.format asks for.
// Thread safety: pure functions.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/config.pb.h"
#include "common/file.h"
#include "common/status.h"
#include "worker/import/common_rows.h"
#include "worker/import/text_table.h"

namespace chorus::worker {

struct RowsOfText {
  std::vector<TextInput> inputs;  // those that have rows
  TextFormat format;
  uint64_t bad_common_rows = 0;  // lines of common features that were passed over
};

// Whether inputs are opened more than once even by a single pass over the rows.
bool LooksAhead(const ImportSchema& schema);

// Columns that the schema names, maybe by wildcards.
std::vector<std::string> NamedColumns(const ImportSchema& schema);

// REQUIRES: the inputs are text (ContentOfAll in row_inputs.h). common: for formats that have common
// features, which are read now. Errors: kInvalidArgument, the schema does not fit its format, or the
// inputs do not; those of reading.
Result<RowsOfText> PrepareText(FileSystem& files, const ImportSchema& schema,
                               std::vector<TextInput> inputs, const CommonRowsOptions& common);

}  // namespace chorus::worker
