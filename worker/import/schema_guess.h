#pragma once
// A guess at what each column of a text is, from a sample of its rows.
// Thread safety: pure function; values.

#include <optional>
#include <string>
#include <vector>

#include "common/status.h"
#include "worker/import/column_role.h"
#include "worker/import/column_sample.h"
#include "worker/import/context_guess.h"
#include "worker/import/text_sample.h"

namespace chorus::worker {

struct GuessedColumn {
  std::string name;
  ColumnRole role = ColumnRole::kExcluded;
  bool context = false;
  bool log_transform = false;  // of a numeric
  ColumnSample::Separators separators = {};
  std::string value_column = {};  // of a slot
  std::string remark = {};        // why, in words; may be empty
  std::string leak = {};          // how it tells a label; "" when it does not
  bool is_boolean = false;        // 0 and 1 alone: it may be a label
  bool is_list = false;           // its type is a list: it needs no separators
  bool is_named = false;          // a person says that it is the label
  std::string outcome = {};  // why it tells a label that no column is found for; "": it does not
  bool is_respelt = false;   // it has numbers in a spelling that is not read
};

// Labels as a person names them; "" = to be guessed.
struct NamedLabels {
  std::string click = {};
  std::string conversion = {};
};

struct SchemaGuess {
  std::vector<GuessedColumn> columns;  // [column]
  std::vector<ColumnSample> samples;   // [column]
  std::optional<uint32_t> group;       // the column of users; it is a feature as well
  uint64_t rows = 0;                   // of the sample
  uint64_t clicks = 0;
  uint64_t conversions = 0;
  ContextGuess contexts;  // without columns where there is no group

  // The column of a role that at most one column has; nothing where none has it.
  std::optional<uint32_t> Of(ColumnRole role) const;
};

// Error: kInvalidArgument, a named label is no column, or both are one (names the nearest column).
Result<SchemaGuess> GuessSchema(const TextSample& sample, const NamedLabels& named);

}  // namespace chorus::worker
