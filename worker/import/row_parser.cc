#include "worker/import/row_parser.h"

#include <cmath>
#include <limits>

#include "common/check.h"
#include "common/device_math.h"
#include "common/key.h"
#include "common/strings.h"
#include "worker/import/delimited_row.h"
#include "worker/import/id_counts.h"
#include "worker/import/max_ids.h"
#include "worker/import/slot_values.h"

namespace chorus::worker {
namespace {
bool FitsFloat(double x) { return std::abs(x) <= std::numeric_limits<float>::max(); }

std::optional<double> WeightFromText(std::string_view text) {
  const auto number = ParseDouble(text);  // nearly always
  return number ? number : NumberFromText(TrimBlanks(text));
}
}  // namespace

RowParser::RowParser(const ColumnPlan& plan)
    : plan_(plan),
      notes_(static_cast<uint32_t>(plan.columns.size())),
      context_text_(plan.context_columns.size()) {}

Status RowParser::Parse(const Cells& cells, uint64_t row_number, ParsedRow* out) {
  CHECK(cells.size() == plan_.columns.size(), cells.size());
  out->row_id = row_number;
  RETURN_IF_ERROR(ParseLabels(cells, out));
  RETURN_IF_ERROR(ParseMeta(cells, out));
  if (plan_.split_by || plan_.split_by_time) RETURN_IF_ERROR(ParseSplit(cells, out));
  RETURN_IF_ERROR(ParseContext(cells, out));
  return ParseSide(plan_.exposures, cells, &out->exposure);
}

Status RowParser::Malformed(uint32_t column, std::string_view found,
                            std::string_view expected) const {
  return InvalidArgument(StrCat("column ", Shown(plan_.columns[column]), ": found ", Shown(found),
                                ", expected ", expected));
}

bool RowParser::ReadOdd(uint32_t column, bool keep_markers, std::string_view* text) {
  const CellRules::Cell read = plan_.rules.Read(*text, keep_markers);
  if (read.missing) {
    notes_.Add(CellNote::kMissing, column, *text);
  } else if (read.trimmed) {
    notes_.Add(CellNote::kTrimmed, column, *text);
  }
  *text = read.text;
  return !read.missing;
}

bool RowParser::ReadOddId(uint32_t column, bool keep_markers, std::string_view* text) {
  const std::string_view cell = *text;
  if (!ReadOdd(column, keep_markers, text)) return false;
  if (!plan_.rules.decimal_ids_are_integers()) return true;
  if (const std::string_view integer = IntegerOfDecimal(*text); !integer.empty()) {
    notes_.Add(CellNote::kDecimalId, column, cell);
    *text = integer;
  }
  return true;
}

Status RowParser::ParseLabels(const Cells& cells, ParsedRow* out) {
  const auto parse = [&](uint32_t column, bool may_be_missing, uint8_t* label) {
    const std::string_view cell = cells[column];
    if (cell.size() != 1 || (cell[0] != '0' && cell[0] != '1')) {
      return ParseOddLabel(column, cell, may_be_missing, label);
    }
    *label = static_cast<uint8_t>(cell[0] - '0');
    return Status::Ok();
  };
  if (plan_.click) RETURN_IF_ERROR(parse(*plan_.click, false, &out->click));
  if (plan_.conversion)
    RETURN_IF_ERROR(parse(*plan_.conversion, out->click == 0, &out->conversion));
  return Status::Ok();
}

Status RowParser::ParseOddLabel(uint32_t column, std::string_view cell, bool may_be_missing,
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

Status RowParser::ParseMeta(const Cells& cells, ParsedRow* out) {
  if (plan_.row_id) RETURN_IF_ERROR(ParseRowId(cells[*plan_.row_id], out));
  if (plan_.group) {
    std::string_view id = cells[*plan_.group];
    if (plan_.rules.IdMayDiffer(id) && !ReadOddId(*plan_.group, false, &id)) id = {};
    out->group = IdFromText(id);
  }
  if (plan_.time) {
    RETURN_IF_ERROR(ParseTime(*plan_.time, cells[*plan_.time], 0, &kinds_.time, &out->time));
  }
  return plan_.weight ? ParseWeight(*plan_.weight, cells[*plan_.weight], &out->weight)
                      : Status::Ok();
}

Status RowParser::ParseRowId(std::string_view cell, ParsedRow* out) {
  if (plan_.row_id_text) {
    constexpr size_t kLongest = 1024;
    const std::string_view text = plan_.rules.Read(cell, /*keep_markers=*/true).text;
    if (text.size() > kLongest || text.find('\t') != std::string_view::npos) {
      return Malformed(*plan_.row_id, cell, "at most 1024 bytes without tabs, as row_id_text says");
    }
    out->row_id_text = text;
    out->row_id = IdFromText(text);
    return Status::Ok();
  }
  auto id = ParseUint64(cell);
  if (!id) id = RowIdFromText(plan_.rules.Read(cell).text);
  if (!id) {
    return Malformed(*plan_.row_id, cell,
                     "an integer in [0, 2^64) (row_id_text: true keeps texts; without row_id in "
                     "the schema, rows are numbered)");
  }
  out->row_id = *id;
  return Status::Ok();
}

Status RowParser::ParseSplit(const Cells& cells, ParsedRow* out) {
  if (plan_.split_by) {
    const CellRules::Cell id = plan_.rules.Read(cells[*plan_.split_by]);
    const std::string_view integer =
        plan_.rules.decimal_ids_are_integers() ? IntegerOfDecimal(id.text) : std::string_view();
    out->split_id = IdFromText(id.missing        ? std::string_view()
                               : integer.empty() ? id.text
                                                 : integer);
  }
  if (!plan_.split_by_time) return Status::Ok();
  return ParseTime(*plan_.split_by_time, cells[*plan_.split_by_time], kNoTime, &kinds_.split_time,
                   &out->split_time);
}

Status RowParser::ParseTime(uint32_t column, std::string_view cell, int64_t missing, TimeKind* kind,
                            int64_t* out) {
  std::string_view text = cell;
  *out = missing;
  if (plan_.rules.MayDiffer(cell) && !ReadOdd(column, false, &text)) return Status::Ok();
  const auto time = TimeFromText(text);
  if (!time) return Malformed(column, cell, "a number, or a date like 2025-11-27 16:00:00");
  if (!kind->has_value()) *kind = time->is_date;
  if (time->is_date != *kind) {
    return Malformed(column, cell,
                     **kind ? "a date, as in the rows before" : "a number, as in the rows before");
  }
  if (time->rounded) notes_.Add(CellNote::kRoundedTime, column, cell);
  *out = time->value;
  return Status::Ok();
}

Status RowParser::ParseWeight(uint32_t column, std::string_view cell, float* out) {
  auto weight = ParseDouble(cell);
  if (!weight) weight = NumberFromText(plan_.rules.Read(cell).text);
  if (!weight || *weight < 0 || !FitsFloat(*weight)) {
    return Malformed(column, cell, "a finite number >= 0");
  }
  *out = static_cast<float>(*weight);
  return Status::Ok();
}

bool RowParser::SameContext(const Cells& cells) const {
  if (!context_valid_) return false;
  for (size_t i = 0; i < context_text_.size(); ++i) {
    if (cells[plan_.context_columns[i]] != context_text_[i]) return false;
  }
  return true;
}

Status RowParser::ParseContext(const Cells& cells, ParsedRow* out) {
  if (SameContext(cells)) return Status::Ok();
  context_valid_ = false;
  RETURN_IF_ERROR(ParseSide(plan_.contexts, cells, &out->context));
  for (size_t i = 0; i < context_text_.size(); ++i) {
    context_text_[i] = cells[plan_.context_columns[i]];
  }
  context_valid_ = true;
  out->context_serial = ++context_serial_;
  return Status::Ok();
}

Status RowParser::ParseSide(const SidePlan& plan, const Cells& cells, ParsedSide* out) {
  out->keys.clear();
  out->values.clear();
  out->slot_ends.clear();
  out->numerics.clear();
  for (const SlotPlan& slot : plan.slots) {
    RETURN_IF_ERROR(ParseSlot(slot, cells[slot.column], out));
    out->slot_ends.push_back(static_cast<uint32_t>(out->keys.size()));
  }
  for (const NumericPlan& numeric : plan.numerics) {
    RETURN_IF_ERROR(ParseNumeric(numeric, cells[numeric.column], out));
  }
  return Status::Ok();
}

Status RowParser::ParseSlot(const SlotPlan& slot, std::string_view cell, ParsedSide* out) {
  const size_t first = out->keys.size();
  RETURN_IF_ERROR(slot.separator.empty() || cell.empty() ? ParseId(slot, cell, out)
                                                         : ParseIds(slot, cell, out));
  if (slot.changes_values()) TransformValues(slot, std::span<float>(out->values).subspan(first));
  if (slot.kept_ids != nullptr) {
    const uint64_t rare = DropRareIds(*slot.kept_ids, first, &out->keys, &out->values);
    if (rare > 0) notes_.Add(CellNote::kRareIds, slot.column, cell, rare);
  }
  return Status::Ok();
}

Status RowParser::ParseIds(const SlotPlan& slot, std::string_view cell, ParsedSide* out) {
  const size_t first = out->keys.size();
  for (std::string_view rest = cell; !rest.empty();) {
    const size_t end = rest.find(slot.separator);
    const std::string_view piece = rest.substr(0, end);
    if (!piece.empty()) RETURN_IF_ERROR(ParseId(slot, piece, out));
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + slot.separator.size());
  }
  const size_t ids = out->keys.size() - first;
  if (slot.max_ids > 0 && ids > slot.max_ids) {
    notes_.Add(CellNote::kCut, slot.column, cell);
    notes_.Add(CellNote::kDroppedIds, slot.column, cell, ids - slot.max_ids);
    KeepIds(slot.max_ids, slot.keep, first, &out->keys, &out->values);
  }
  return Status::Ok();
}

Status RowParser::ParseId(const SlotPlan& slot, std::string_view piece, ParsedSide* out) {
  std::string_view id = piece;
  float value = 1;
  if (!slot.value_separator.empty()) {
    const size_t at = piece.rfind(slot.value_separator);  // ids may hold it too
    // A piece without weight is missing as a whole, or malformed.
    if (at != std::string_view::npos || !plan_.rules.Read(piece, slot.keep_markers).missing) {
      const auto number = at == std::string_view::npos || at == 0
                              ? std::nullopt
                              : WeightFromText(piece.substr(at + slot.value_separator.size()));
      if (!number || !FitsFloat(*number)) {
        return Malformed(
            slot.column, piece,
            StrCat("id", Readable(slot.value_separator), "weight with a finite weight"));
      }
      id = piece.substr(0, at);
      value = static_cast<float>(*number);
    }
  }
  if (plan_.rules.IdMayDiffer(id) && !ReadOddId(slot.column, slot.keep_markers, &id)) {
    return Status::Ok();
  }
  out->keys.push_back(MakeKey(slot.space_seed, IdFromText(id)));
  out->values.push_back(value);
  return Status::Ok();
}

Status RowParser::ParseNumeric(const NumericPlan& numeric, std::string_view cell, ParsedSide* out) {
  std::string_view text = cell;
  if (plan_.rules.MayDiffer(cell) && !ReadOdd(numeric.column, false, &text)) {
    out->numerics.push_back(std::numeric_limits<double>::quiet_NaN());
    return Status::Ok();
  }
  auto number = ParseDouble(text);
  if (!number) number = NumberFromText(text);
  if (!number || !FitsFloat(*number)) {
    return Malformed(numeric.column, cell,
                     number ? "a finite number"
                            : "a finite number (texts that mean \"missing\": missing_marker)");
  }
  out->numerics.push_back(
      numeric.transform == ColumnNumeric::LOG_STANDARD ? Log1p(Max(*number, 0.0)) : *number);
  return Status::Ok();
}

}  // namespace chorus::worker
