#include "worker/import/text_cells.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "common/key.h"
#include "common/strings.h"
#include "worker/import/cell_hints.h"
#include "worker/import/delimited_row.h"
#include "worker/import/row_parser_parts.h"

namespace chorus::worker {
namespace {

std::optional<double> WeightFromText(std::string_view text) {
  const auto number = ParseDouble(text);  // nearly always
  return number ? number : NumberFromText(TrimBlanks(text));
}

// Where `what` is in a text; most separators are one byte, which is found faster.
size_t FirstOf(std::string_view text, const std::string& what) {
  return what.size() == 1 ? text.find(what[0]) : text.find(what);
}
size_t LastOf(std::string_view text, const std::string& what) {
  return what.size() == 1 ? text.rfind(what[0]) : text.rfind(what);
}

}  // namespace

bool FitsFloat(double x) { return std::abs(x) <= std::numeric_limits<float>::max(); }

TextCells::TextCells(const ColumnPlan& plan)
    : plan_(plan), notes_(plan.noted()), context_(plan.context_columns.size()) {}

Status TextCells::Malformed(uint32_t column, std::string_view found,
                            std::string_view expected) const {
  return MalformedCell(plan_.columns[column], found, expected);
}

bool TextCells::ReadOdd(uint32_t column, bool keep_markers, std::string_view* text) {
  const CellRules::Cell read = plan_.rules.Read(*text, keep_markers);
  if (read.missing) {
    notes_.Add(CellNote::kMissing, column, *text);
  } else if (read.trimmed) {
    notes_.Add(CellNote::kTrimmed, column, *text);
  }
  *text = read.text;
  return !read.missing;
}

bool TextCells::ReadOddId(uint32_t column, bool keep_markers, std::string_view* text) {
  const std::string_view cell = *text;
  if (!ReadOdd(column, keep_markers, text)) return false;
  if (!plan_.rules.decimal_ids_are_integers()) return true;
  if (const std::string_view integer = IntegerOfDecimal(*text); !integer.empty()) {
    notes_.Add(CellNote::kDecimalId, column, cell);
    *text = integer;
  } else if (IsIntegerWithExponent(*text)) {
    notes_.Add(CellNote::kExponentId, column, cell);
  }
  return true;
}

Status TextCells::Label(uint32_t column, std::string_view cell, bool may_be_missing, uint8_t* out) {
  if (cell.size() != 1 || (cell[0] != '0' && cell[0] != '1')) {
    return OddLabel(column, cell, may_be_missing, out);
  }
  *out = static_cast<uint8_t>(cell[0] - '0');
  return Status::Ok();
}

Status TextCells::OddLabel(uint32_t column, std::string_view cell, bool may_be_missing,
                           uint8_t* out) {
  const CellRules::Cell read = plan_.rules.Read(cell);
  if (read.missing && may_be_missing) {
    notes_.Add(CellNote::kNoConversion, column, cell);
    *out = 0;
    return Status::Ok();
  }
  const auto label = read.missing ? std::nullopt : LabelFromText(read.text);
  if (!label) {
    return Malformed(column, cell, ExpectedLabel(read.missing ? std::string_view() : read.text));
  }
  if (read.trimmed) notes_.Add(CellNote::kTrimmed, column, cell);
  *out = *label;
  return Status::Ok();
}

Status TextCells::RowId(uint32_t column, std::string_view cell, ParsedRow* out) {
  if (plan_.row_id_text) {
    constexpr size_t kLongest = 1024;
    const std::string_view text = plan_.rules.Read(cell, /*keep_markers=*/true).text;
    if (text.size() > kLongest || text.find('\t') != std::string_view::npos) {
      return Malformed(column, cell, "at most 1024 bytes without tabs, as row_id_text says");
    }
    out->row_id_text = text;
    out->row_id = IdFromText(text);
    return Status::Ok();
  }
  auto id = ParseUint64(cell);
  if (!id) id = RowIdFromText(plan_.rules.Read(cell).text);
  if (!id) {
    return Malformed(column, cell,
                     "an integer in [0, 2^64) (row_id_text: true keeps texts; without row_id in "
                     "the schema, rows are numbered)");
  }
  out->row_id = *id;
  return Status::Ok();
}

Status TextCells::Id(uint32_t column, std::string_view cell, uint64_t* out) {
  std::string_view id = cell;
  if (plan_.rules.IdMayDiffer(id) && !ReadOddId(column, false, &id)) id = {};
  *out = IdFromText(id);
  return Status::Ok();
}

Status TextCells::SplitId(uint32_t /*column*/, std::string_view cell, uint64_t* out) const {
  const CellRules::Cell id = plan_.rules.Read(cell);
  const std::string_view integer =
      plan_.rules.decimal_ids_are_integers() ? IntegerOfDecimal(id.text) : std::string_view();
  *out = IdFromText(id.missing ? std::string_view() : integer.empty() ? id.text : integer);
  return Status::Ok();
}

Status TextCells::Time(uint32_t column, std::string_view cell, int64_t missing, TimeKind* kind,
                       int64_t* out) {
  std::string_view text = cell;
  *out = missing;
  if (plan_.rules.MayDiffer(cell) && !ReadOdd(column, false, &text)) return Status::Ok();
  const auto time = TimeFromText(text);
  if (!time) return Malformed(column, cell, ExpectedTime(text));
  if (!kind->has_value()) *kind = time->is_date;
  if (time->is_date != *kind) {
    return Malformed(column, cell,
                     **kind ? "a date, as in the rows before" : "a number, as in the rows before");
  }
  if (time->rounded) notes_.Add(CellNote::kRoundedTime, column, cell);
  *out = time->value;
  return Status::Ok();
}

Status TextCells::Weight(uint32_t column, std::string_view cell, float* out) const {
  auto weight = ParseDouble(cell);
  if (!weight) weight = NumberFromText(plan_.rules.Read(cell).text);
  if (!weight || *weight < 0 || !FitsFloat(*weight)) {
    constexpr std::string_view kFinite = "a finite number";
    return Malformed(column, cell,
                     HasNumberCommas(cell)
                         ? StrCat(kFinite, " >= 0", ExpectedNumber(cell).substr(kFinite.size()))
                         : StrCat(kFinite, " >= 0"));
  }
  *out = static_cast<float>(*weight);
  return Status::Ok();
}

Status TextCells::Number(uint32_t column, std::string_view cell, double* out) {
  std::string_view text = cell;
  if (plan_.rules.MayDiffer(cell) && !ReadOdd(column, false, &text)) {
    *out = std::numeric_limits<double>::quiet_NaN();
    return Status::Ok();
  }
  auto number = ParseDouble(text);
  if (!number) number = NumberFromText(text);
  if (!number || !FitsFloat(*number)) {
    return Malformed(column, cell, ExpectedNumber(text));
  }
  *out = *number;
  return Status::Ok();
}

Status TextCells::IdsOf(const SlotPlan& slot, std::string_view cell, ParsedSide* out) {
  if (slot.separator.empty() || cell.empty()) return Piece(slot, cell, out);
  for (std::string_view rest = cell; !rest.empty();) {
    const size_t end = FirstOf(rest, slot.separator);
    const std::string_view piece = rest.substr(0, end);
    if (!piece.empty()) RETURN_IF_ERROR(Piece(slot, piece, out));
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + slot.separator.size());
  }
  return Status::Ok();
}

// at: of the separator, or npos.
std::string TextCells::WeightHint(const SlotPlan& slot, std::string_view piece, size_t at) const {
  if (at == std::string_view::npos) {
    return NumberFromText(piece) ? "" : " (texts that mean \"missing\": missing_marker)";
  }
  if (at == 0 || !plan_.rules.Read(piece.substr(at + slot.value_separator.size())).missing) {
    return "";
  }
  return " (this one is missing: give the id a weight, or leave it out of the cell)";
}

Status TextCells::Piece(const SlotPlan& slot, std::string_view piece, ParsedSide* out) {
  std::string_view text = piece;
  float value = 1;
  if (!slot.value_separator.empty()) {
    const size_t at = LastOf(piece, slot.value_separator);  // ids may hold it too
    // A piece without weight is missing as a whole, or malformed.
    if (at != std::string_view::npos || !plan_.rules.Read(piece, slot.keep_markers).missing) {
      const auto number = at == std::string_view::npos || at == 0
                              ? std::nullopt
                              : WeightFromText(piece.substr(at + slot.value_separator.size()));
      if (!number || !FitsFloat(*number)) {
        return Malformed(slot.column, piece,
                         StrCat("id", Readable(slot.value_separator), "weight with a finite weight",
                                WeightHint(slot, piece, at)));
      }
      text = piece.substr(0, at);
      value = static_cast<float>(*number);
    }
  }
  if (plan_.rules.IdMayDiffer(text) && !ReadOddId(slot.column, slot.keep_markers, &text)) {
    return Status::Ok();
  }
  out->keys.push_back(MakeKey(slot.space_seed, IdFromText(text)));
  out->values.push_back(value);
  return Status::Ok();
}

std::optional<uint64_t> TextCells::IdOf(const SlotPlan& slot, std::string_view text) {
  if (plan_.rules.IdMayDiffer(text) && !ReadOddId(slot.column, slot.keep_markers, &text)) {
    return std::nullopt;
  }
  return IdFromText(text);
}

const char* TextCells::ShownLabel(std::string_view cell) const {
  const CellRules::Cell read = plan_.rules.Read(cell);
  const auto label = read.missing ? std::nullopt : LabelFromText(read.text);
  return !label.has_value() ? "" : *label == 1 ? "1" : "0";
}

std::string TextCells::ShownId(std::string_view cell) const {
  const std::string_view id = plan_.rules.Read(cell, /*keep_markers=*/true).text;
  return id.find('\t') == std::string_view::npos ? std::string(id) : "";
}

bool TextCells::IsEmpty(const Row& row) {
  return row.size() > 1 && std::all_of(row.begin(), row.end(), [](std::string_view cell) {
           return TrimBlanks(cell).empty();
         });
}

bool TextCells::IsRemembered(const Row& row) const {
  for (size_t i = 0; i < context_.size(); ++i) {
    if (row[plan_.context_columns[i]] != context_[i]) return false;
  }
  return true;
}

void TextCells::Remember(const Row& row) {
  for (size_t i = 0; i < context_.size(); ++i) context_[i] = row[plan_.context_columns[i]];
}

template class RowParserOf<TextCells>;

}  // namespace chorus::worker
