#pragma once
// The first rows of a text, as cells, to find out what the text is like.
// Thread safety: pure function; values.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/status.h"
#include "worker/columns/column_type.h"
#include "worker/import/text_table.h"

namespace chorus::worker {

// Of a sample's cells in memory: one that would be larger has fewer rows.
constexpr uint64_t kMostSampleBytes = uint64_t{256} << 20;

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
  uint64_t bytes = 0;                          // of the rows, as CountBytes has it
  std::vector<TypedNature> types = {};         // [column]; empty: all are texts
  uint64_t malformed = 0;                      // rows that were passed over
  bool whole = false;                          // the text has no further rows

  // The texts that were read as missing, without the empty one, and how often: [column], or empty.
  std::vector<std::map<std::string, uint64_t>> missing = {};

  // Of the last row, which is complete.
  void CountBytes();
};

// At most `most_rows` rows, and fewer when these have more than `most_bytes`. Errors: those of
// TextTable; kInvalidArgument when no row has a cell for each column, or two columns have one name.
Result<TextSample> TakeSample(const std::vector<TextInput>& inputs, uint64_t most_rows,
                              uint64_t most_bytes = kMostSampleBytes);

}  // namespace chorus::worker
