#pragma once
// One row of text as numbers: labels, keys, numeric values. The text of a context is parsed once
// for all consecutive rows that share it. Thread safety: none; one thread parses.

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/status.h"
#include "worker/import/column_notes.h"
#include "worker/import/column_plan.h"

namespace chorus::worker {

// The features of one side of one row, as SidePlan orders them.
struct ParsedSide {
  std::vector<Key> keys;            // of all slots, one slot after the other
  std::vector<float> values;        // [keys]; 1 where the slot has no values
  std::vector<uint32_t> slot_ends;  // [slots]: slot s has keys[slot_ends[s-1] .. slot_ends[s])
  std::vector<double> numerics;     // [numerics], after log1p where asked; NaN: missing
};

struct ParsedRow {
  uint8_t click = 0;       // 0 where the text has no such column
  uint8_t conversion = 0;  // the same
  uint64_t row_id = 0;
  std::string row_id_text;  // where row ids are texts
  uint64_t group = 0;       // IdFromText of the cell, of "" when it is missing
  int64_t time = 0;
  float weight = 1;
  uint64_t split_id = 0;        // IdFromText of the split column's cell
  int64_t split_time = 0;       // of the column that splits by time; kNoTime when missing
  uint64_t context_serial = 0;  // equal for consecutive rows of one context, and for no others
  ParsedSide context;
  ParsedSide exposure;
};

// Whether the times of a column are dates; unknown before the first one.
using TimeKind = std::optional<bool>;
struct TimeKinds {
  TimeKind time, split_time;
};

class RowParser {
 public:
  // The split_time of a row that has none.
  static constexpr int64_t kNoTime = std::numeric_limits<int64_t>::min();

  // `plan` must outlive the parser.
  explicit RowParser(const ColumnPlan& plan);

  // cells: one a column.  row_number: what row_id is when no column gives it.
  // Error: kInvalidArgument, "column 'sale': found 'x', expected 0 or 1"; *out is then undefined
  // except that it can be used for the next row.  REQUIRES: the same *out for every row (it keeps
  // the context).
  Status Parse(const std::vector<std::string_view>& cells, uint64_t row_number, ParsedRow* out);

  // Forgets what it knows of rows before; kinds: of times.
  void Begin(const TimeKinds& kinds) {
    context_valid_ = false;
    kinds_ = kinds;
  }
  void SetTimeKinds(const TimeKinds& kinds) { kinds_ = kinds; }
  const TimeKinds& time_kinds() const { return kinds_; }

  // What was replaced or dropped inside cells so far, or since the last TakeNotes.
  ColumnNotes TakeNotes() {
    return std::exchange(notes_, ColumnNotes(static_cast<uint32_t>(plan_.columns.size())));
  }
  ColumnNotes& notes() { return notes_; }
  const ColumnNotes& notes() const { return notes_; }

 private:
  using Cells = std::vector<std::string_view>;

  Status Malformed(uint32_t column, std::string_view found, std::string_view expected) const;
  // For cells of which the rules say that they may differ from what they say: the text becomes what
  // is meant. False: it is missing.
  bool ReadOdd(uint32_t column, bool keep_markers, std::string_view* text);
  bool ReadOddId(uint32_t column, bool keep_markers, std::string_view* text);

  Status ParseLabels(const Cells& cells, ParsedRow* out);
  Status ParseOddLabel(uint32_t column, std::string_view cell, bool may_be_missing, uint8_t* out);
  Status ParseMeta(const Cells& cells, ParsedRow* out);
  Status ParseRowId(std::string_view cell, ParsedRow* out);
  Status ParseSplit(const Cells& cells, ParsedRow* out);
  Status ParseTime(uint32_t column, std::string_view cell, int64_t missing, TimeKind* kind,
                   int64_t* out);
  Status ParseWeight(uint32_t column, std::string_view cell, float* out);
  Status ParseContext(const Cells& cells, ParsedRow* out);
  bool SameContext(const Cells& cells) const;
  Status ParseSide(const SidePlan& plan, const Cells& cells, ParsedSide* out);
  Status ParseSlot(const SlotPlan& slot, std::string_view cell, ParsedSide* out);
  Status ParseIds(const SlotPlan& slot, std::string_view cell, ParsedSide* out);
  Status ParseId(const SlotPlan& slot, std::string_view piece, ParsedSide* out);
  Status ParseNumeric(const NumericPlan& numeric, std::string_view cell, ParsedSide* out);

  const ColumnPlan& plan_;
  ColumnNotes notes_;
  TimeKinds kinds_;
  std::vector<std::string> context_text_;  // [context_columns], of the context that is parsed
  bool context_valid_ = false;
  uint64_t context_serial_ = 0;
};

}  // namespace chorus::worker
