#include "launch/serving/feature_reader.h"

#include <cmath>
#include <limits>

#include "common/device_math.h"
#include "common/strings.h"
#include "worker/import/block_builder.h"
#include "worker/import/delimited_row.h"
#include "worker/import/max_ids.h"
#include "worker/import/slot_values.h"

namespace chorus::launch {
namespace {

using worker::Shown;

}  // namespace

FeatureReader::FeatureReader(const Feature& feature)
    : feature_(feature), numbers_(feature.text.rules), parser_(feature.text), text_(1) {}

Status FeatureReader::Malformed(int64_t row, std::string_view found,
                                std::string_view expected) const {
  return InvalidArgument(StrCat("column ", Shown(feature_.column), ": row ", row, ": found ", found,
                                ", expected ", expected));
}

bool FeatureReader::IsMarker(const InputColumn& column, int64_t element) const {
  if (!numbers_.has_markers()) return false;
  const int64_t x = column.Int(element);
  return column.type == InputColumn::Type::kInt64 ? numbers_.IsMarker(x)
                                                  : numbers_.IsMarker(static_cast<uint64_t>(x));
}

// The parser's "column 'a': found ..." becomes "column 'a': row 7: found ...".
Status FeatureReader::ParseText(const InputColumn& column, int64_t row) {
  text_[0] = column.IsThere(row) ? column.Text(row) : std::string_view();
  const Status parsed = parser_.Parse(text_, 0, &parsed_);
  if (parsed.ok()) return parsed;
  const std::string place = StrCat("column ", Shown(feature_.column), ": ");
  std::string_view what = parsed.message();
  if (what.starts_with(place)) what.remove_prefix(place.size());
  return InvalidArgument(StrCat(place, "row ", row, ": ", what));
}

bool FeatureReader::IsPlainInts(const InputColumn& column) const {
  const bool ints =
      column.type == InputColumn::Type::kInt64 || column.type == InputColumn::Type::kUint64;
  const worker::SlotPlan& slot = feature_.slot();
  return ints && column.lists == nullptr && column.there == nullptr &&
         slot.value_separator.empty() && (slot.keep_markers || !numbers_.has_markers());
}

Status FeatureReader::ReadIds(const InputColumn& column, std::span<const int64_t> rows,
                              worker::SlotColumn* out) {
  const worker::SlotPlan& slot = feature_.slot();
  out->offsets.assign(1, 0);
  out->keys.clear();
  out->values.clear();
  if (IsPlainInts(column)) {
    for (const int64_t row : rows) {
      out->keys.push_back(MakeKey(slot.space_seed, static_cast<uint64_t>(column.Int(row))));
      out->offsets.push_back(static_cast<uint32_t>(out->keys.size()));
    }
    return Status::Ok();
  }
  for (const int64_t row : rows) {
    RETURN_IF_ERROR(AddCell(column, row));
    out->keys.insert(out->keys.end(), cell_.keys.begin(), cell_.keys.end());
    if (!slot.value_separator.empty()) {
      out->values.insert(out->values.end(), cell_.values.begin(), cell_.values.end());
    }
    out->offsets.push_back(static_cast<uint32_t>(out->keys.size()));
  }
  return Status::Ok();
}

// Puts the ids of a cell into cell_.
Status FeatureReader::AddCell(const InputColumn& column, int64_t row) {
  if (column.type == InputColumn::Type::kText && column.lists == nullptr) {
    RETURN_IF_ERROR(ParseText(column, row));
    std::swap(cell_, parsed_.exposure);
    return Status::Ok();
  }
  const worker::SlotPlan& slot = feature_.slot();
  cell_.keys.clear();
  cell_.values.clear();
  for (int64_t e = column.begin(row); e < column.end(row); ++e) {
    if (column.IsThere(e)) RETURN_IF_ERROR(AddElement(column, row, e));
  }
  if (!feature_.multi_valued && cell_.keys.size() > 1) {
    return Malformed(row, StrCat(cell_.keys.size(), " ids"), "one at most");
  }
  if (slot.max_ids > 0 && cell_.keys.size() > slot.max_ids) {
    worker::KeepIds(slot.max_ids, slot.keep, 0, &cell_.keys, &cell_.values);
  }
  if (slot.changes_values()) worker::TransformValues(slot, cell_.values);
  return Status::Ok();
}

Status FeatureReader::AddElement(const InputColumn& column, int64_t row, int64_t element) {
  const size_t before = cell_.keys.size();
  switch (column.type) {
    case InputColumn::Type::kInt64:
    case InputColumn::Type::kUint64:
      if (feature_.slot().keep_markers || !IsMarker(column, element)) {
        AddId(static_cast<uint64_t>(column.Int(element)));
      }
      break;
    case InputColumn::Type::kFloat64:
      RETURN_IF_ERROR(AddDouble(row, column.Double(element)));
      break;
    case InputColumn::Type::kText:
      AddText(column.Text(element));
      break;
  }
  if (cell_.keys.size() == before) return Status::Ok();
  if (feature_.has_values && column.factors == nullptr) {
    return Malformed(row, "an id without a factor", "pairs of an id and its factor");
  }
  const float factor = column.factors == nullptr ? 1.0f : column.factors[element];
  if (!std::isfinite(factor)) return Malformed(row, StrCat("the factor ", factor), "a finite one");
  cell_.values.push_back(factor);
  return Status::Ok();
}

// An id that is a decimal, as frames hold integers some of which are missing.
Status FeatureReader::AddDouble(int64_t row, double x) {
  const worker::FloatId id = numbers_.IdOf(x, feature_.slot().keep_markers);
  switch (id.kind) {
    case worker::FloatId::kMissing:
      break;
    case worker::FloatId::kInteger:
      AddId(id.id);
      break;
    case worker::FloatId::kText:
      AddId(IdFromText(worker::TextOfDouble(x)));
      break;
    case worker::FloatId::kInexact:
      return Malformed(row, worker::TextOfDouble(x), worker::kExpectedExactId);
  }
  return Status::Ok();
}

// One id as a text, by the rules of cells, which may say that it is missing.
void FeatureReader::AddText(std::string_view text) {
  const worker::CellRules& rules = feature_.text.rules;
  if (rules.IdMayDiffer(text)) {
    const worker::CellRules::Cell cell = rules.Read(text, feature_.slot().keep_markers);
    if (cell.missing) return;
    text = cell.text;
    if (rules.decimal_ids_are_integers()) {
      const std::string_view integer = worker::IntegerOfDecimal(text);
      if (!integer.empty()) text = integer;
    }
  }
  AddId(IdFromText(text));
}

Status FeatureReader::ReadNumbers(const InputColumn& column, std::span<const int64_t> rows,
                                  std::vector<float>* out) {
  out->clear();
  for (const int64_t row : rows) {
    ASSIGN_OR_RETURN(const double x, NumberOf(column, row));
    if (std::isnan(x) && !feature_.missing_is_known) {
      return Malformed(row, "nothing", "a number: the export does not say what stands for one");
    }
    out->push_back(worker::NormalisedValue(x, feature_.info, feature_.numeric().missing));
  }
  return Status::Ok();
}

// NaN: it is missing.
Result<double> FeatureReader::NumberOf(const InputColumn& column, int64_t row) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  if (column.type == InputColumn::Type::kText) {
    RETURN_IF_ERROR(ParseText(column, row));
    return parsed_.exposure.numerics[0];
  }
  if (!column.IsThere(row)) return kNone;
  double x;
  if (column.type == InputColumn::Type::kFloat64) {
    x = column.Double(row);
    if (std::isnan(x) || numbers_.IsMarker(x)) return kNone;
    if (std::abs(x) > std::numeric_limits<float>::max()) {
      return Malformed(row, StrCat(x), "a finite number of 32 bits");
    }
  } else {
    if (IsMarker(column, row)) return kNone;
    const int64_t integer = column.Int(row);
    const bool is_signed = column.type == InputColumn::Type::kInt64;
    x = is_signed ? static_cast<double>(integer)
                  : static_cast<double>(static_cast<uint64_t>(integer));
  }
  const bool log = feature_.numeric().transform == ColumnNumeric::LOG_STANDARD;
  return log ? Log1p(Max(x, 0.0)) : x;
}

}  // namespace chorus::launch
