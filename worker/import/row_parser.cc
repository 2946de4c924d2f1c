#include "worker/import/row_parser.h"

#include <cmath>
#include <limits>

#include "common/check.h"
#include "common/device_math.h"
#include "common/key.h"
#include "common/strings.h"
#include "worker/import/delimited_row.h"

namespace chorus::worker {
namespace {
bool FitsFloat(double x) { return std::abs(x) <= std::numeric_limits<float>::max(); }
}  // namespace

RowParser::RowParser(const ColumnPlan& plan)
    : plan_(plan), context_text_(plan.context_columns.size()) {}

Status RowParser::Parse(const std::vector<std::string_view>& cells, uint64_t row_number,
                        ParsedRow* out) {
  CHECK(cells.size() == plan_.columns.size(), cells.size());
  out->row_id = row_number;
  RETURN_IF_ERROR(ParseLabel(plan_.click, cells[plan_.click], &out->click));
  RETURN_IF_ERROR(ParseLabel(plan_.conversion, cells[plan_.conversion], &out->conversion));
  RETURN_IF_ERROR(ParseMeta(cells, out));
  RETURN_IF_ERROR(ParseContext(cells, out));
  return ParseSide(plan_.exposures, cells, &out->exposure);
}

Status RowParser::Malformed(uint32_t column, std::string_view found,
                            std::string_view expected) const {
  return InvalidArgument(StrCat("column ", Shown(plan_.columns[column]), ": found ", Shown(found),
                                ", expected ", expected));
}

Status RowParser::ParseLabel(uint32_t column, std::string_view cell, uint8_t* out) const {
  if (cell.size() != 1 || (cell[0] != '0' && cell[0] != '1')) {
    return Malformed(column, cell, "0 or 1");
  }
  *out = static_cast<uint8_t>(cell[0] - '0');
  return Status::Ok();
}

Status RowParser::ParseMeta(const std::vector<std::string_view>& cells, ParsedRow* out) const {
  if (plan_.row_id) {
    const auto id = ParseUint64(cells[*plan_.row_id]);
    if (!id) return Malformed(*plan_.row_id, cells[*plan_.row_id], "an integer in [0, 2^64)");
    out->row_id = *id;
  }
  if (plan_.group) out->group = IdFromText(cells[*plan_.group]);
  if (plan_.split_by) out->split_id = IdFromText(cells[*plan_.split_by]);
  if (plan_.time) {
    const auto time = ParseInt64(cells[*plan_.time]);
    if (!time) return Malformed(*plan_.time, cells[*plan_.time], "an integer in [-2^63, 2^63)");
    out->time = *time;
  }
  if (plan_.weight) {
    const auto weight = ParseDouble(cells[*plan_.weight]);
    if (!weight || *weight < 0 || !FitsFloat(*weight)) {
      return Malformed(*plan_.weight, cells[*plan_.weight], "a finite number >= 0");
    }
    out->weight = static_cast<float>(*weight);
  }
  return Status::Ok();
}

bool RowParser::SameContext(const std::vector<std::string_view>& cells) const {
  if (!context_valid_) return false;
  for (size_t i = 0; i < context_text_.size(); ++i) {
    if (cells[plan_.context_columns[i]] != context_text_[i]) return false;
  }
  return true;
}

Status RowParser::ParseContext(const std::vector<std::string_view>& cells, ParsedRow* out) {
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

Status RowParser::ParseSide(const SidePlan& plan, const std::vector<std::string_view>& cells,
                            ParsedSide* out) const {
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

Status RowParser::ParseSlot(const SlotPlan& slot, std::string_view cell, ParsedSide* out) const {
  if (slot.separator.empty()) {
    return cell.empty() ? Status::Ok() : ParseId(slot, cell, out);
  }
  while (!cell.empty()) {
    const size_t end = cell.find(slot.separator);
    const std::string_view piece = cell.substr(0, end);
    if (!piece.empty()) RETURN_IF_ERROR(ParseId(slot, piece, out));
    if (end == std::string_view::npos) break;
    cell.remove_prefix(end + slot.separator.size());
  }
  return Status::Ok();
}

Status RowParser::ParseId(const SlotPlan& slot, std::string_view piece, ParsedSide* out) const {
  std::string_view id = piece;
  float value = 1;
  if (!slot.value_separator.empty()) {
    const size_t at = piece.rfind(slot.value_separator);  // ids may hold it too
    const auto number = at == std::string_view::npos
                            ? std::nullopt
                            : ParseDouble(piece.substr(at + slot.value_separator.size()));
    if (!number || !FitsFloat(*number) || at == 0) {
      return Malformed(slot.column, piece,
                       StrCat("id", slot.value_separator, "weight with a finite weight"));
    }
    id = piece.substr(0, at);
    value = static_cast<float>(*number);
  }
  out->keys.push_back(MakeKey(slot.space_seed, IdFromText(id)));
  out->values.push_back(value);
  return Status::Ok();
}

Status RowParser::ParseNumeric(const NumericPlan& numeric, std::string_view cell,
                               ParsedSide* out) const {
  if (cell.empty()) {
    out->numerics.push_back(std::numeric_limits<double>::quiet_NaN());
    return Status::Ok();
  }
  const auto number = ParseDouble(cell);
  if (!number || !FitsFloat(*number)) return Malformed(numeric.column, cell, "a finite number");
  out->numerics.push_back(
      numeric.transform == ColumnNumeric::LOG_STANDARD ? Log1p(Max(*number, 0.0)) : *number);
  return Status::Ok();
}

}  // namespace chorus::worker
