#pragma once
// What cells of typed columns mean: labels, ids, numbers and times. Nothing is printed to be parsed
// again: an integer is the id that its digits would be (key.h), and so is a float with an integral
// value (number_rules.h); a value that is not there, or that a missing_marker names, is missing.
// Texts are read as cells of text are. Thread safety: none; one thread reads.

#include <cstdint>
#include <string>

#include "worker/columns/column.h"
#include "worker/import/number_rules.h"
#include "worker/import/text_cells.h"
#include "worker/import/typed_row.h"

namespace chorus::worker {

// The functions are those of TextCells, for other cells.
class TypedCells : private TextCells {
 public:
  using Row = TypedRow;
  using TextCells::notes;

  explicit TypedCells(const ColumnPlan& plan) : TextCells(plan), numbers_(plan.rules) {}

  Status Label(uint32_t column, TypedCell cell, bool may_be_missing, uint8_t* out);
  Status RowId(uint32_t column, TypedCell cell, ParsedRow* out);
  Status Id(uint32_t column, TypedCell cell, uint64_t* out);
  Status SplitId(uint32_t column, TypedCell cell, uint64_t* out);
  Status Time(uint32_t column, TypedCell cell, int64_t missing, TimeKind* kind, int64_t* out);
  Status Weight(uint32_t column, TypedCell cell, float* out);
  Status Number(uint32_t column, TypedCell cell, double* out);
  Status Ids(const SlotPlan& slot, const Row& row, ParsedSide* out);
  // Typed cells have no texts to save time on.
  static bool TakePlainId(const SlotPlan&, const Row&, ParsedSide*) { return false; }
  static bool TakePlainNumber(const TypedCell&, double*) { return false; }
  static std::string Shown(const Row& row, uint32_t column) { return ShownCell(row[column]); }

  const char* ShownLabel(TypedCell cell) const;
  std::string ShownId(TypedCell cell) const;
  bool IsMissing(TypedCell cell) const;
  static bool IsEmpty(const Row&) { return false; }  // a null is said as such

  bool IsRemembered(const Row& row);
  void Remember(const Row& row);

 private:
  // Makes one value of the cell: a list of one becomes that one. False: it is missing; a list of
  // none stays as it is.  Error: there are several.
  Result<bool> TakeOne(uint32_t column, TypedCell* cell) const;
  Status NotAs(uint32_t column, const TypedCell& cell, std::string_view expected) const;
  void NoteMissing(uint32_t column, const TypedCell& cell);
  // How an id is read.
  struct IdUse {
    bool keep_markers = false;
    bool note = true;  // whether to note that the id is a float
  };
  // The id of one value that is there; false: it means "missing".
  Result<bool> IdOf(uint32_t column, const TypedCell& cell, const IdUse& use, uint64_t* out);
  Result<bool> DecimalId(uint32_t column, const TypedCell& cell, const IdUse& use, uint64_t* out);
  Result<bool> FloatIdOf(uint32_t column, const TypedCell& cell, const IdUse& use, uint64_t* out);
  Status IntegerRowId(uint32_t column, const TypedCell& cell, uint64_t* out) const;
  // Whether a number that is there means "missing"; false for other kinds.
  bool IsMarkedNumber(const TypedCell& cell) const;
  Status SlotId(const SlotPlan& slot, const TypedCell& cell, float value, ParsedSide* out);
  Status ValueOf(const SlotPlan& slot, const TypedCell& cell, float* out) const;
  Status ListIds(const SlotPlan& slot, const Row& row, ValueColumn::Span span, ParsedSide* out);
  void AppendContext(const Row& row, std::string* out) const;

  const NumberRules numbers_;
  std::string context_;  // bytes of the context's cells that were remembered
  std::string scratch_;
};

}  // namespace chorus::worker
