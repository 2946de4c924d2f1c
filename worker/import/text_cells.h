#pragma once
// What cells of text say: labels, ids, numbers and times, by the rules of a schema. Thread safety:
// none; one thread reads.

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

// Whether a float can hold it.
bool FitsFloat(double x);

// Errors of all functions: kInvalidArgument, "column 'sale': found 'x', expected 0 or 1".
class TextCells {
 public:
  using Row = std::vector<std::string_view>;  // cells: one a column

  // `plan` must outlive the reader.
  explicit TextCells(const ColumnPlan& plan);

  // may_be_missing: a label that is not there is 0.
  Status Label(uint32_t column, std::string_view cell, bool may_be_missing, uint8_t* out);
  // Fills row_id, and row_id_text where these are texts.
  Status RowId(uint32_t column, std::string_view cell, ParsedRow* out);
  // Of a group; that of "" when it is missing.
  Status Id(uint32_t column, std::string_view cell, uint64_t* out);
  // The same, and nothing is noted.
  Status SplitId(uint32_t column, std::string_view cell, uint64_t* out) const;
  // missing: what a time is that is not there.  kind: of the times of rows before.
  Status Time(uint32_t column, std::string_view cell, int64_t missing, TimeKind* kind,
              int64_t* out);
  Status Weight(uint32_t column, std::string_view cell, float* out) const;
  // NaN when it is missing, else finite as a float.
  Status Number(uint32_t column, std::string_view cell, double* out);
  // Appends the ids of a slot and their values.
  Status Ids(const SlotPlan& slot, const Row& row, ParsedSide* out) {
    return IdsOf(slot, row[slot.column], out);
  }
  // In place of Ids and Number for cells that are what nearly all are: one id that is no marker, of a
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

  // For rows that are scored: "0", "1", or "" when the label is none; a row id as it stands there,
  // "" when it could not stand in a line.
  const char* ShownLabel(std::string_view cell) const;
  std::string ShownId(std::string_view cell) const;
  bool IsMissing(std::string_view cell) const { return plan_.rules.Read(cell).missing; }

  // Whether the context's columns are those of the row that was remembered last.
  bool IsRemembered(const Row& row) const;
  void Remember(const Row& row);

  ColumnNotes& notes() { return notes_; }

 protected:
  Status Malformed(uint32_t column, std::string_view found, std::string_view expected) const;
  Status IdsOf(const SlotPlan& slot, std::string_view cell, ParsedSide* out);
  // One id, or one piece of several: "id", or "id:weight" where the slot has such.
  Status Piece(const SlotPlan& slot, std::string_view piece, ParsedSide* out);
  // What a text is as an id; nothing: it is missing, which is noted.
  std::optional<uint64_t> IdOf(const SlotPlan& slot, std::string_view text);

  const ColumnPlan& plan_;
  ColumnNotes notes_;

 private:
  // For cells of which the rules say that they may differ from what they say: the text becomes what
  // is meant. False: it is missing.
  bool ReadOdd(uint32_t column, bool keep_markers, std::string_view* text);
  bool ReadOddId(uint32_t column, bool keep_markers, std::string_view* text);
  Status OddLabel(uint32_t column, std::string_view cell, bool may_be_missing, uint8_t* out);

  std::vector<std::string> context_;  // [context_columns], of the row that was remembered
};

}  // namespace chorus::worker
