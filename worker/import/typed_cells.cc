#include "worker/import/typed_cells.h"

#include <cmath>
#include <limits>

#include "common/check.h"
#include "common/key.h"
#include "common/strings.h"
#include "worker/import/delimited_row.h"
#include "worker/import/row_parser_parts.h"

namespace chorus::worker {
namespace {

constexpr double kTwoTo63 = 9223372036854775808.0;

constexpr std::string_view kExpectedRowId = "an integer in [0, 2^64)";
constexpr std::string_view kExpectedId =
    "an id: an integer, or a float with an integral value (fractions are numeric)";

}  // namespace

Result<bool> TypedCells::TakeOne(uint32_t column, TypedCell* cell) const {
  if (!cell->column->is_list()) return !cell->missing();
  const ValueColumn::Span span = cell->column->List(cell->row);
  if (span.size() > 1) {
    return Malformed(column, ShownCell(*cell),
                     StrCat("one value, not ", span.size(),
                            " (a slot takes several with separator, whatever it is)"));
  }
  if (span.size() == 0) return false;  // its place would be that of another row's value
  *cell = {&cell->column->elements(), span.begin};
  return !cell->missing();
}

Status TypedCells::NotAs(uint32_t column, const TypedCell& cell, std::string_view expected) const {
  return Malformed(column, ShownCell(cell), expected);
}

void TypedCells::NoteMissing(uint32_t column, const TypedCell& cell) {
  notes_.Add(CellNote::kMissing, column, cell.missing() ? "null" : ShownCell(cell));
}

Status TypedCells::Label(uint32_t column, TypedCell cell, bool may_be_missing, uint8_t* out) {
  ASSIGN_OR_RETURN(bool there, TakeOne(column, &cell));
  const ValueKind kind = cell.column->kind();
  if (there && kind == ValueKind::kText) {
    return TextCells::Label(column, cell.column->Text(cell.row), may_be_missing, out);
  }
  double label = 0;
  if (there && kind == ValueKind::kBool) {
    label = cell.column->Bool(cell.row) ? 1 : 0;
  } else if (there) {
    label = cell.column->Number(cell.row);
    // NaN is what pandas makes of a missing one.
    there = label == 0 || label == 1 || !(std::isnan(label) || IsMarkedNumber(cell));
  }
  if (!there && may_be_missing) {
    notes_.Add(CellNote::kNoConversion, column, "null");
    label = 0;
  } else if (!there || (label != 0 && label != 1)) {
    return NotAs(column, cell, ExpectedLabel(there ? StrCat(label) : ""));
  }
  *out = label == 1 ? 1 : 0;
  return Status::Ok();
}

Status TypedCells::RowId(uint32_t column, TypedCell cell, ParsedRow* out) {
  ASSIGN_OR_RETURN(const bool there, TakeOne(column, &cell));
  if (there && cell.column->kind() == ValueKind::kText) {
    return TextCells::RowId(column, cell.column->Text(cell.row), out);
  }
  // Row ids that are texts are to be texts.
  if (plan_.row_id_text) return TextCells::RowId(column, there ? ShownCell(cell) : "", out);
  if (!there) return NotAs(column, cell, kExpectedRowId);
  return IntegerRowId(column, cell, &out->row_id);
}

Status TypedCells::IntegerRowId(uint32_t column, const TypedCell& cell, uint64_t* out) const {
  bool good = false;
  const ValueKind kind = cell.column->kind();
  if (kind == ValueKind::kUnsigned) {
    good = true;
    *out = cell.column->Unsigned(cell.row);
  } else if (kind == ValueKind::kInteger) {
    good = cell.column->Integer(cell.row) >= 0;
    *out = static_cast<uint64_t>(cell.column->Integer(cell.row));
  } else if (cell.column->is_decimal()) {
    const auto integer = cell.column->IntegerOfDecimal(cell.row);
    good = integer && !integer->negative;
    *out = integer ? integer->bits : 0;
  } else if (kind == ValueKind::kNumber) {
    const double number = cell.column->Number(cell.row);
    if (number >= kFirstInexactInteger) return NotAs(column, cell, kExpectedExactId);
    const auto whole = ExactInteger(number);
    good = whole && *whole >= 0;
    if (good) *out = static_cast<uint64_t>(*whole);
  }
  return good ? Status::Ok() : NotAs(column, cell, kExpectedRowId);
}

Result<bool> TypedCells::IdOf(uint32_t column, const TypedCell& cell, const IdUse& use,
                              uint64_t* out) {
  switch (cell.column->kind()) {
    case ValueKind::kBool:
      *out = cell.column->Bool(cell.row) ? 1 : 0;
      return true;
    case ValueKind::kInteger:
      *out = static_cast<uint64_t>(cell.column->Integer(cell.row));
      return use.keep_markers || !IsMarkedNumber(cell);
    case ValueKind::kUnsigned:
      *out = cell.column->Unsigned(cell.row);
      return use.keep_markers || !IsMarkedNumber(cell);
    case ValueKind::kNumber:
      return cell.column->is_decimal() ? DecimalId(column, cell, use, out)
                                       : FloatIdOf(column, cell, use, out);
    case ValueKind::kNothing:      // has no cell that is there
    case ValueKind::kText:         // is the caller's
    case ValueKind::kTime:         // is refused by the plan
    case ValueKind::kUnsupported:  // likewise
      break;
  }
  CHECK(false, "no id of kind ", cell.column->kind());
}

Result<bool> TypedCells::DecimalId(uint32_t column, const TypedCell& cell, const IdUse& use,
                                   uint64_t* out) {
  const bool is_integer = *cell.column->decimal_scale() <= 0;  // a column of nothing else
  if (!is_integer && !plan_.rules.decimal_ids_are_integers()) {
    return NotAs(column, cell,
                 "a text or an integer: decimal_ids is AS_TEXT, and a decimal has none");
  }
  if (!use.keep_markers && IsMarkedNumber(cell)) return false;
  const auto integer = cell.column->IntegerOfDecimal(cell.row);
  if (!integer) return NotAs(column, cell, StrCat(kExpectedId, " of 64 bits"));
  if (use.note && !is_integer) notes_.Add(CellNote::kDecimalId, column, ShownCell(cell));
  *out = integer->bits;
  return true;
}

Result<bool> TypedCells::FloatIdOf(uint32_t column, const TypedCell& cell, const IdUse& use,
                                   uint64_t* out) {
  const FloatId id = numbers_.IdOf(cell.column->Number(cell.row), use.keep_markers);
  if (id.kind == FloatId::kMissing) return false;
  if (!plan_.rules.decimal_ids_are_integers()) {
    return NotAs(column, cell,
                 "a text or an integer: decimal_ids is AS_TEXT, and a float has none");
  }
  if (id.kind == FloatId::kInexact) return NotAs(column, cell, kExpectedExactId);
  if (id.kind == FloatId::kText) return NotAs(column, cell, kExpectedId);
  if (use.note) notes_.Add(CellNote::kDecimalId, column, ShownCell(cell));
  *out = id.id;
  return true;
}

bool TypedCells::IsMarkedNumber(const TypedCell& cell) const {
  if (!numbers_.has_markers()) return false;
  const ValueColumn& column = *cell.column;
  switch (column.kind()) {
    case ValueKind::kInteger:
      return numbers_.IsMarker(column.Integer(cell.row));
    case ValueKind::kUnsigned:
      return numbers_.IsMarker(column.Unsigned(cell.row));
    case ValueKind::kNumber:
      break;
    case ValueKind::kNothing:
    case ValueKind::kBool:
    case ValueKind::kText:
    case ValueKind::kTime:
    case ValueKind::kUnsupported:
      return false;
  }
  const auto integer = column.is_decimal() ? column.IntegerOfDecimal(cell.row) : std::nullopt;
  if (!integer) return numbers_.IsMarker(column.Number(cell.row));
  return integer->negative ? numbers_.IsMarker(static_cast<int64_t>(integer->bits))
                           : numbers_.IsMarker(integer->bits);
}

Status TypedCells::Id(uint32_t column, TypedCell cell, uint64_t* out) {
  ASSIGN_OR_RETURN(bool there, TakeOne(column, &cell));
  if (there && cell.column->kind() == ValueKind::kText) {
    return TextCells::Id(column, cell.column->Text(cell.row), out);
  }
  if (there) {
    ASSIGN_OR_RETURN(there, IdOf(column, cell, {}, out));
  }
  if (there) return Status::Ok();
  NoteMissing(column, cell);
  *out = IdFromText("");
  return Status::Ok();
}

Status TypedCells::SplitId(uint32_t column, TypedCell cell, uint64_t* out) {
  ASSIGN_OR_RETURN(bool there, TakeOne(column, &cell));
  if (there && cell.column->kind() == ValueKind::kText) {
    return TextCells::SplitId(column, cell.column->Text(cell.row), out);
  }
  if (there) {
    ASSIGN_OR_RETURN(there, IdOf(column, cell, {.note = false}, out));
  }
  if (!there) *out = IdFromText("");
  return Status::Ok();
}

Status TypedCells::Time(uint32_t column, TypedCell cell, int64_t missing, TimeKind* kind,
                        int64_t* out) {
  ASSIGN_OR_RETURN(bool there, TakeOne(column, &cell));
  const ValueKind type = cell.column->kind();
  if (there && type == ValueKind::kText) {
    return TextCells::Time(column, cell.column->Text(cell.row), missing, kind, out);
  }
  there = there && !(type == ValueKind::kNumber && std::isnan(cell.column->Number(cell.row))) &&
          !IsMarkedNumber(cell);
  *out = missing;
  if (!there) {
    NoteMissing(column, cell);
    return Status::Ok();
  }
  bool rounded = false;
  if (type == ValueKind::kTime) {
    *out = cell.column->Seconds(cell.row, &rounded);
  } else if (type == ValueKind::kInteger || type == ValueKind::kUnsigned) {
    *out = cell.column->Integer(cell.row);
  } else {
    const double number = std::floor(cell.column->Number(cell.row));
    if (std::abs(number) >= kTwoTo63) return NotAs(column, cell, "a time below 2^63");
    *out = static_cast<int64_t>(number);
    rounded = number != cell.column->Number(cell.row);
  }
  *kind = type == ValueKind::kTime;
  if (rounded) notes_.Add(CellNote::kRoundedTime, column, ShownCell(cell));
  return Status::Ok();
}

Status TypedCells::Weight(uint32_t column, TypedCell cell, float* out) {
  ASSIGN_OR_RETURN(const bool there, TakeOne(column, &cell));
  if (there && cell.column->kind() == ValueKind::kText) {
    return TextCells::Weight(column, cell.column->Text(cell.row), out);
  }
  const double weight = there ? cell.column->Number(cell.row) : -1;
  if (!(weight >= 0) || !FitsFloat(weight)) return NotAs(column, cell, "a finite number >= 0");
  *out = static_cast<float>(weight);
  return Status::Ok();
}

Status TypedCells::Number(uint32_t column, TypedCell cell, double* out) {
  ASSIGN_OR_RETURN(const bool there, TakeOne(column, &cell));
  const ValueKind kind = cell.column->kind();
  if (there && kind == ValueKind::kText) {
    return TextCells::Number(column, cell.column->Text(cell.row), out);
  }
  *out = std::numeric_limits<double>::quiet_NaN();
  if (there && kind == ValueKind::kBool) {
    *out = cell.column->Bool(cell.row) ? 1 : 0;
  } else if (there && !IsMarkedNumber(cell)) {
    *out = cell.column->Number(cell.row);
  }
  if (std::isnan(*out)) {
    NoteMissing(column, cell);
  } else if (!FitsFloat(*out)) {
    return NotAs(column, cell, "a finite number");
  }
  return Status::Ok();
}

Status TypedCells::Ids(const SlotPlan& slot, const Row& row, ParsedSide* out) {
  TypedCell cell = row[slot.column];
  const bool is_list = cell.column->is_list();
  const ValueColumn::Span span = is_list ? cell.column->List(cell.row) : ValueColumn::Span();
  if (is_list ? span.size() == 0 : cell.missing()) {
    NoteMissing(slot.column, cell);
    return Status::Ok();
  }
  if (is_list && slot.multi_valued) return ListIds(slot, row, span, out);
  if (is_list) {
    ASSIGN_OR_RETURN(const bool there, TakeOne(slot.column, &cell));
    if (!there) {
      NoteMissing(slot.column, cell);
      return Status::Ok();
    }
  }
  if (cell.column->kind() == ValueKind::kText) return IdsOf(slot, cell.column->Text(cell.row), out);
  return SlotId(slot, cell, 1, out);
}

Status TypedCells::ListIds(const SlotPlan& slot, const Row& row, ValueColumn::Span span,
                           ParsedSide* out) {
  const TypedCell cell = row[slot.column];
  const ValueColumn& ids = cell.column->elements();
  TypedCell value = {nullptr, 0};  // of the first id; none: the slot has none, or they are in texts
  if (cell.column->has_values()) value = {&cell.column->values(), span.begin};
  if (slot.value_column) {
    const TypedCell values = row[*slot.value_column];
    const ValueColumn::Span others = values.column->List(values.row);
    if (others.size() != span.size()) {
      return Malformed(*slot.value_column, ShownCell(values),
                       StrCat(span.size(), " values, as many as there are ids in ",
                              worker::Shown(plan_.columns[slot.column])));
    }
    value = {&values.column->elements(), others.begin};
  }
  const bool texts = ids.kind() == ValueKind::kText;
  for (int64_t i = span.begin; i < span.end; ++i) {
    const TypedCell id = {&ids, i};
    if (id.missing()) {
      NoteMissing(slot.column, id);
    } else if (value.column == nullptr && texts) {
      const std::string_view piece = ids.Text(i);
      if (!piece.empty()) RETURN_IF_ERROR(Piece(slot, piece, out));
    } else {
      float weight = 1;
      if (value.column != nullptr) RETURN_IF_ERROR(ValueOf(slot, value, &weight));
      RETURN_IF_ERROR(SlotId(slot, id, weight, out));
    }
    ++value.row;
  }
  return Status::Ok();
}

Status TypedCells::ValueOf(const SlotPlan& slot, const TypedCell& cell, float* out) const {
  const uint32_t column = slot.value_column.value_or(slot.column);
  const ValueKind kind = cell.column->kind();
  const bool is_number =
      kind == ValueKind::kInteger || kind == ValueKind::kUnsigned || kind == ValueKind::kNumber;
  // A feature that came after the types were looked at may have any kind.
  if (!cell.missing() && !is_number) return NotAs(column, cell, "a number for each id");
  const double value =
      cell.missing() ? std::numeric_limits<double>::quiet_NaN() : cell.column->Number(cell.row);
  if (!FitsFloat(value)) return NotAs(column, cell, "a finite value for each id");
  *out = static_cast<float>(value);
  return Status::Ok();
}

Status TypedCells::SlotId(const SlotPlan& slot, const TypedCell& cell, float value,
                          ParsedSide* out) {
  uint64_t id = 0;
  if (cell.column->kind() == ValueKind::kInteger && !numbers_.has_markers()) {  // nearly always
    id = static_cast<uint64_t>(cell.column->Integer(cell.row));
  } else if (cell.column->kind() == ValueKind::kText) {
    const auto found = TextCells::IdOf(slot, cell.column->Text(cell.row));
    if (!found) return Status::Ok();
    id = *found;
  } else {
    ASSIGN_OR_RETURN(const bool there, IdOf(slot.column, cell, {slot.keep_markers}, &id));
    if (!there) {
      NoteMissing(slot.column, cell);
      return Status::Ok();
    }
  }
  out->keys.push_back(MakeKey(slot.space_seed, id));
  out->values.push_back(value);
  return Status::Ok();
}

bool TypedCells::IsMissing(TypedCell cell) const {
  const Result<bool> there = TakeOne(0, &cell);
  if (!there.ok()) return false;
  if (!*there) return true;
  const ValueKind kind = cell.column->kind();
  if (kind == ValueKind::kText) return TextCells::IsMissing(cell.column->Text(cell.row));
  const bool nan = kind == ValueKind::kNumber && std::isnan(cell.column->Number(cell.row));
  return nan || IsMarkedNumber(cell);
}

const char* TypedCells::ShownLabel(TypedCell cell) const {
  const Result<bool> there = TakeOne(0, &cell);
  if (!there.ok() || !*there) return "";
  const ValueKind kind = cell.column->kind();
  if (kind == ValueKind::kText) return TextCells::ShownLabel(cell.column->Text(cell.row));
  if (kind == ValueKind::kTime) return "";
  const double label = kind == ValueKind::kBool ? (cell.column->Bool(cell.row) ? 1 : 0)
                                                : cell.column->Number(cell.row);
  return label == 1 ? "1" : label == 0 ? "0" : "";
}

std::string TypedCells::ShownId(TypedCell cell) const {
  const Result<bool> there = TakeOne(0, &cell);
  if (!there.ok() || !*there) return "";
  if (cell.column->kind() == ValueKind::kText) {
    return TextCells::ShownId(cell.column->Text(cell.row));
  }
  return ShownCell(cell);
}

void TypedCells::AppendContext(const Row& row, std::string* out) const {
  out->clear();
  for (const uint32_t column : plan_.context_columns) AppendCellBytes(row[column], out);
}

bool TypedCells::IsRemembered(const Row& row) {
  AppendContext(row, &scratch_);
  return scratch_ == context_;
}

void TypedCells::Remember(const Row& row) { AppendContext(row, &context_); }

template class RowParserOf<TypedCells>;

}  // namespace chorus::worker
