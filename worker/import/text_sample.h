#pragma once
// The first rows of a text, as cells, for whoever wants to know what the text is like.
// Thread safety: pure function; values.

#include <cstdint>
#include <string>
#include <vector>

#include "common/status.h"
#include "worker/import/text_table.h"

namespace chorus::worker {

struct TextSample {
  TextFormat format;
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;  // [row][column], trimmed; "" = missing
  uint64_t malformed = 0;                      // rows that were passed over
  bool whole = false;                          // the text has no further rows
};

// At most `most_rows` rows, and fewer when they have many columns. Errors: those of TextTable;
// kInvalidArgument when no row has a cell for each column, or two columns have one name.
Result<TextSample> TakeSample(const std::vector<TextInput>& inputs, uint64_t most_rows);

}  // namespace chorus::worker
