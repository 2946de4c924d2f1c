#pragma once
// What cells of text mean: labels, ids, numbers and times, by the rules of a schema. Thread safety:
// none; one thread reads.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/key.h"
#include "common/status.h"
#include "common/strings.h"
#include "worker/import/column_notes.h"
#include "worker/import/column_plan.h"
#include "worker/import/parsed_row.h"

namespace chorus::worker {

// Whether a float can hold the number.
bool FitsFloat(double x);

// Errors of all functions: kInvalidArgument, "column 'sale': found 'x', expected 0 or 1".
class TextCells {
 public:
  using Row = std::vector<std::string_view>;  // one cell per column

  // `plan` must outlive the reader.
  explicit TextCells(const ColumnPlan& plan);

  // may_be_missing: a label that is not there is 0.
  Status Label(uint32_t column, std::string_view cell, bool may_be_missing, uint8_t* out);
  // Fills row_id, and row_id_text where these are texts.
  Status RowId(uint32_t column, std::string_view cell, ParsedRow* out);
  // The id of a group; that of "" when the cell is missing.
  Status Id(uint32_t column, std::string_view cell, uint64_t* out);
  // The same without a note.
  Status SplitId(uint32_t column, std::string_view cell, uint64_t* out) const;
  // missing: the time where the cell is missing. kind: that of the times of earlier rows.
  Status Time(uint32_t column, std::string_view cell, int64_t missing, TimeKind* kind,
              int64_t* out);
  Status Weight(uint32_t column, std::string_view cell, float* out) const;
  // Gives NaN when the cell is missing, else a number that is finite as a float.
  Status Number(uint32_t column, std::string_view cell, double* out);
  // Appends the ids of a slot and their values.
  Status Ids(const SlotPlan& slot, const Row& row, ParsedSide* out) {
    return IdsOf(slot, row[slot.column], out);
  }
  // Quick forms of Ids and Number for the cells that nearly all are: one id that is no marker, in a
  // slot that takes one and changes nothing, and a short number. False: nothing was done.
  bool TakePlainId(const SlotPlan& slot, const Row& row, ParsedSide* out) {
    const std::string_view text = row[slot.column];
    if (plan_.rules.IdMayDiffer(text)) return false;
    out->keys.push_back(MakeKey(slot.space_seed, IdFromText(text)));
    out->values.push_back(1);
    return true;
  }
  bool TakePlainNumber(std::string_view cell, double* out) const {
    if (plan_.rules.MayDiffer(cell)) return false;
    const std::optional<double> number = ParseDouble(cell);
    if (!number || !FitsFloat(*number)) return false;
    *out = *number;
    return true;
  }
  // A cell as text, for notes and messages.
  static std::string_view Shown(const Row& row, uint32_t column) { return row[column]; }

  // For rows that are scored: "0", "1", or "" when the label is none; a row id as the input has it,
  // "" when it cannot be written in a line.
  const char* ShownLabel(std::string_view cell) const;
  std::string ShownId(std::string_view cell) const;
  bool IsMissing(std::string_view cell) const { return plan_.rules.Read(cell).missing; }
  // Whether a row of several cells has nothing in any of them.
  static bool IsEmpty(const Row& row);

  // Whether the context's columns are those of the row that was remembered last.
  bool IsRemembered(const Row& row) const;
  void Remember(const Row& row);

  ColumnNotes& notes() { return notes_; }

 protected:
  Status Malformed(uint32_t column, std::string_view found, std::string_view expected) const;
  Status IdsOf(const SlotPlan& slot, std::string_view cell, ParsedSide* out);
  // Takes one id, or one piece of several: "id", or "id:weight" where the slot has values.
  Status Piece(const SlotPlan& slot, std::string_view piece, ParsedSide* out);
  // The id of a text; nothing: it is missing, which is noted.
  std::optional<uint64_t> IdOf(const SlotPlan& slot, std::string_view text);

  const ColumnPlan& plan_;
  ColumnNotes notes_;

 private:
  // For cells that, by the rules, may mean something else than their text: the text becomes what is
  // meant. False: it is missing.
  bool ReadOdd(uint32_t column, bool keep_markers, std::string_view* text);
  bool ReadOddId(uint32_t column, bool keep_markers, std::string_view* text);
  // To end the message about a piece with; "" without a guess.
  std::string WeightHint(const SlotPlan& slot, std::string_view piece, size_t at) const;
  Status OddLabel(uint32_t column, std::string_view cell, bool may_be_missing, uint8_t* out);

  std::vector<std::string> context_;  // [context_columns], of the row that was remembered
};

}  // namespace chorus::worker
