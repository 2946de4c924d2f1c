#pragma once
// One row of text as numbers: labels, keys, numeric values. The text of a context is parsed once
// for all consecutive rows that share it. Thread safety: none; one thread parses.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "worker/import/column_plan.h"

namespace chorus::worker {

// The features of one side of one row, as SidePlan orders them.
struct ParsedSide {
  std::vector<Key> keys;            // of all slots, one slot after the other
  std::vector<float> values;        // [keys]; 1 where the slot has no values
  std::vector<uint32_t> slot_ends;  // [slots]: slot s has keys[slot_ends[s-1] .. slot_ends[s])
  std::vector<double> numerics;     // [numerics], after log1p where asked; NaN: the cell was empty
};

struct ParsedRow {
  uint8_t click = 0;
  uint8_t conversion = 0;
  uint64_t row_id = 0;
  uint64_t group = 0;
  int64_t time = 0;
  float weight = 1;
  uint64_t split_id = 0;        // IdFromText of the split column's cell
  uint64_t context_serial = 0;  // equal for consecutive rows of one context, and for no others
  ParsedSide context;
  ParsedSide exposure;
};

class RowParser {
 public:
  // `plan` must outlive the parser.
  explicit RowParser(const ColumnPlan& plan);

  // cells: one a column.  row_number: what row_id is when no column gives it.
  // Error: kInvalidArgument, "column 'sale': found '2', expected 0 or 1"; *out is then undefined
  // except that it can be used for the next row.  REQUIRES: the same *out for every row (it keeps
  // the context).
  Status Parse(const std::vector<std::string_view>& cells, uint64_t row_number, ParsedRow* out);

 private:
  Status ParseSide(const SidePlan& plan, const std::vector<std::string_view>& cells,
                   ParsedSide* out) const;
  Status ParseContext(const std::vector<std::string_view>& cells, ParsedRow* out);
  bool SameContext(const std::vector<std::string_view>& cells) const;
  Status Malformed(uint32_t column, std::string_view found, std::string_view expected) const;
  Status ParseLabel(uint32_t column, std::string_view cell, uint8_t* out) const;
  Status ParseMeta(const std::vector<std::string_view>& cells, ParsedRow* out) const;
  Status ParseSlot(const SlotPlan& slot, std::string_view cell, ParsedSide* out) const;
  Status ParseId(const SlotPlan& slot, std::string_view piece, ParsedSide* out) const;
  Status ParseNumeric(const NumericPlan& numeric, std::string_view cell, ParsedSide* out) const;

  const ColumnPlan& plan_;
  std::vector<std::string> context_text_;  // [context_columns], of the context that is parsed
  bool context_valid_ = false;
  uint64_t context_serial_ = 0;
};

}  // namespace chorus::worker
