#pragma once
// One row of an import as numbers, whatever its cells are: texts (text_cells.h) or typed values
// (typed_cells.h). The cells of a context are parsed once for all consecutive rows that share it.
// Thread safety: none; one thread parses.

#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "common/status.h"
#include "worker/import/column_notes.h"
#include "worker/import/column_plan.h"
#include "worker/import/parsed_row.h"
#include "worker/import/text_cells.h"
#include "worker/import/typed_cells.h"

namespace chorus::worker {

// The split_time of a row that has none.
inline constexpr int64_t kNoTime = std::numeric_limits<int64_t>::min();

template <typename Cells>
class RowParserOf {
 public:
  using Row = typename Cells::Row;

  // `plan` must outlive the parser.
  explicit RowParserOf(const ColumnPlan& plan)
      : plan_(plan),
        cells_(plan),
        context_takes_one_(TakesOne(plan.contexts)),
        exposure_takes_one_(TakesOne(plan.exposures)) {}

  // row_number: the row_id where no column gives it.
  // Error: kInvalidArgument, "column 'sale': found 'x', expected 0 or 1"; *out is then undefined
  // except that it can be used for the next row.  REQUIRES: the same *out for every row (it keeps
  // the context).
  Status Parse(const Row& row, uint64_t row_number, ParsedRow* out) {
    return Parse(row, row_number, out, &out->context);
  }
  // The same with a context that is elsewhere.  REQUIRES: the same *context for every row.
  Status Parse(const Row& row, uint64_t row_number, ParsedRow* out, ParsedSide* context);

  // Forgets what it knows of earlier rows. kinds: those of times, where they are known.
  void Begin(const TimeKinds& kinds) {
    context_valid_ = false;
    kinds_ = kinds;
  }
  void SetTimeKinds(const TimeKinds& kinds) { kinds_ = kinds; }
  const TimeKinds& time_kinds() const { return kinds_; }

  // What was replaced or dropped inside cells so far, or since the last TakeNotes.
  ColumnNotes TakeNotes() { return std::exchange(notes(), ColumnNotes(plan_.noted())); }
  const Cells& cells() const { return cells_; }
  ColumnNotes& notes() { return cells_.notes(); }

 private:
  Status ParseLabels(const Row& row, ParsedRow* out);
  Status ParseMeta(const Row& row, ParsedRow* out);
  Status ParseSplit(const Row& row, ParsedRow* out);
  Status ParseContext(const Row& row, ParsedSide* out);
  // context: that of the row; *out itself where the context is parsed.
  Status ParseSide(const SidePlan& plan, const std::vector<uint8_t>& takes_one, const Row& row,
                   const ParsedSide& context, ParsedSide* out);
  Status ParseSlot(const SlotPlan& slot, const Row& row, ParsedSide* out);
  void MakeCross(const SlotPlan& slot, const Row& row, const ParsedSide& context, ParsedSide* out);
  void NoteCross(CellNote note, const SlotPlan& slot, const Row& row);

  // [slots]: 1 where a cell is one id without a value, which is kept whatever it is.
  static std::vector<uint8_t> TakesOne(const SidePlan& plan) {
    std::vector<uint8_t> takes_one;
    for (const SlotPlan& slot : plan.slots) {
      takes_one.push_back(slot.separator.empty() && slot.value_separator.empty() &&
                          !slot.changes_values() && slot.kept_ids == nullptr);
    }
    return takes_one;
  }

  const ColumnPlan& plan_;
  Cells cells_;
  const std::vector<uint8_t> context_takes_one_, exposure_takes_one_;
  TimeKinds kinds_;
  bool context_valid_ = false;
  uint64_t context_serial_ = 0;
};

extern template class RowParserOf<TextCells>;
extern template class RowParserOf<TypedCells>;
using RowParser = RowParserOf<TextCells>;

}  // namespace chorus::worker
