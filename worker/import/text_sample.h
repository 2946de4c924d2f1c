#pragma once
// The first rows of a text, as cells, to find out what the text is like.
// Thread safety: pure function; values.

#include <cstdint>
#include <string>
#include <vector>

#include "common/status.h"
#include "worker/columns/column_type.h"
#include "worker/import/text_table.h"

namespace chorus::worker {

// What the type of a column says beyond its cells.
struct TypedNature {
  ColumnType type;
  uint64_t most_values = 0;    // the most values of a list in one row of the sample
  std::string values_of = {};  // of a list of numbers: the list of ids that it goes with; "" = none

  // Whether it is a list in use: every feature of tf.Example has the type of a list, and most are
  // scalars.
  bool is_list() const {
    return type.is_list() && (type.shape != ColumnShape::kFew || most_values > 1);
  }
};

struct TextSample {
  TextFormat format;  // of text
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;  // [row][column], trimmed; "" = missing
  std::vector<TypedNature> types = {};         // [column]; empty: all are texts
  uint64_t malformed = 0;                      // rows that were passed over
  bool whole = false;                          // the text has no further rows
};

// At most `most_rows` rows, and fewer when they have many columns. Errors: those of TextTable;
// kInvalidArgument when no row has a cell for each column, or two columns have one name.
Result<TextSample> TakeSample(const std::vector<TextInput>& inputs, uint64_t most_rows);

}  // namespace chorus::worker
