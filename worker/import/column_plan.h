#pragma once
// What each column of an input becomes: ImportSchema applied to the names and types of the columns.
// Thread safety: values.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/config.pb.h"
#include "common/status.h"
#include "worker/columns/column_type.h"
#include "worker/import/cell_text.h"
#include "worker/log/batch.h"

namespace chorus::worker {

class KeySet;

// A slot that a crossed slot is made of (crossed_slots.h).
struct CrossedSlot {
  bool context = false;
  uint32_t slot = 0;  // of its side
  uint64_t space_seed = 0;
  uint32_t column = 0;  // of its cells
};

struct SlotPlan {
  uint32_t column;      // of a crossed slot, which has none: columns.size() + its place in crosses
  uint64_t space_seed;  // of the slot's key space
  std::string separator;        // "" = one-hot
  std::string value_separator;  // "" = no values
  bool keep_markers = false;    // texts that mean "missing" elsewhere are ids
  uint32_t max_ids = 0;         // 0 = all
  ColumnSlot::Keep keep = ColumnSlot::FIRST;
  ColumnSlot::ValueTransform value_transform = ColumnSlot::AS_IS;
  float value_clip = 0;  // 0 = none
  bool value_l2 = false;
  bool multi_valued = false;  // it may have several ids
  bool has_values = false;
  std::optional<uint32_t> value_column = std::nullopt;  // that has the values, of typed columns
  uint32_t min_count = 0;  // ids that are in fewer rows are left out, once they were counted
  std::shared_ptr<const KeySet> kept_ids = nullptr;  // (id_counts.h); null: all
  std::vector<CrossedSlot> crossed = {};             // not empty: its ids are made of theirs
  bool is_cross() const { return !crossed.empty(); }
  bool changes_values() const {
    return value_transform == ColumnSlot::LN1P || value_clip > 0 || value_l2;
  }
};
struct NumericPlan {
  uint32_t column;
  uint32_t schema_index;  // into LogSchema::numerics
  ColumnNumeric::Transform transform;
  float missing;
};
// Features of one side, in the order of the schema's columns of that side.
struct SidePlan {
  std::vector<SlotPlan> slots;
  std::vector<NumericPlan> numerics;
};

struct ColumnPlan {
  std::vector<std::string> columns;  // names, in the input's order
  CellRules rules;
  std::optional<uint32_t> click, conversion;  // none: the log is without these labels
  std::optional<uint32_t> row_id, group, time, weight;
  bool row_id_text = false;               // row ids are texts
  std::optional<uint32_t> split_by;       // the column whose text decides a row's part
  std::optional<uint32_t> split_by_time;  // the column whose time decides it
  // To be scored: labels are shown, where the input has them, and not parsed.
  bool scoring = false;
  std::optional<uint32_t> shown_click, shown_conversion;
  SidePlan contexts;
  SidePlan exposures;
  // Names of crossed slots, which follow all other slots of their side.
  std::vector<std::string> crosses;
  std::vector<uint32_t> context_columns;  // those that contexts read, each once
  std::vector<std::string> left_out;      // columns that nothing reads, for people: "'a'"
  // Means and deviations are not learnt yet. schema.text is the schema that was applied, with every
  // feature's column by its name and every rule written out: the same input read with it gives the
  // same plan, and so does an input with further columns.
  LogSchema schema;
  // The number of things that notes are counted by: columns, and crossed slots behind them.
  uint32_t noted() const { return static_cast<uint32_t>(columns.size() + crosses.size()); }
};

// What an import asks of columns besides the schema.
struct ColumnUse {
  std::string split_by = {};       // "" = none
  std::string split_by_time = {};  // "" = none
  bool unlabelled = false;         // label columns are passed over, and need not be there
  // Features and row ids alone are read: columns of labels, groups, times and weights are passed
  // over. They need not be there, and neither need the column of row ids.
  bool scoring = false;
  // [columns]; empty: all are texts.
  std::vector<ColumnType> types = {};
};

// REQUIRES: `schema` went through LoadConfig. Errors (kInvalidArgument): a column that is not
// there, is there twice, is of a type that does not allow its use, serves two labels, or is both a
// label and named as a feature (not for scoring); two features of one name; a separator that cannot
// work; a cross that cannot be made (crossed_slots.h).
Result<ColumnPlan> PlanColumns(const ImportSchema& schema, const std::vector<std::string>& columns,
                               const ColumnUse& use);

// Whether the rows of a format are typed columns: Parquet, ORC and TFRecord.
bool IsTypedFormat(ImportSchema::Format format);

// All columns that a plan reads, ascending.
std::vector<uint32_t> ColumnsRead(const ColumnPlan& plan);

// Whether some numeric column is standardised, so that a first pass must learn its mean and
// deviation.
bool NeedsStatistics(const ImportSchema& schema);
// Whether some slot or cross has min_count, so that a first pass must count its ids.
bool AsksForCounts(const ImportSchema& schema);

// The delimiter as a byte; "\t", and any single byte but quotes and line ends. Error:
// kInvalidArgument.
Result<char> DelimiterOf(const ImportSchema& schema);
// The escape as a byte, '\0' when there is none. Error: kInvalidArgument.
Result<char> EscapeOf(const ImportSchema& schema);

}  // namespace chorus::worker
