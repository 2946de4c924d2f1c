#include "worker/import/typed_row.h"

#include <optional>

#include "common/strings.h"
#include "worker/import/number_rules.h"

namespace chorus::worker {
namespace {

constexpr size_t kCellShownBytes = 60;

// Integers have all their digits, and no point.
void AppendNumber(const ValueColumn& column, int64_t row, std::string* out) {
  const double number = column.Number(row);
  const auto integer = column.is_decimal() ? column.IntegerOfDecimal(row) : std::nullopt;
  if (integer) {
    out->append(integer->negative ? StrCat(static_cast<int64_t>(integer->bits))
                                  : StrCat(integer->bits));
  } else if (const auto whole = ExactInteger(number)) {
    out->append(StrCat(*whole));
  } else {
    out->append(TextOfDouble(number));
  }
}

void AppendShown(const ValueColumn& column, int64_t row, std::string* out) {
  if (column.missing(row)) {
    out->append("null");
    return;
  }
  bool rounded = false;
  switch (column.kind()) {
    case ValueKind::kBool:
      out->append(column.Bool(row) ? "true" : "false");
      break;
    case ValueKind::kInteger:
      out->append(StrCat(column.Integer(row)));
      break;
    case ValueKind::kUnsigned:
      out->append(StrCat(column.Unsigned(row)));
      break;
    case ValueKind::kNumber:
      AppendNumber(column, row, out);
      break;
    case ValueKind::kTime:
      out->append(StrCat(column.Seconds(row, &rounded), " s"));
      break;
    case ValueKind::kText:
      out->append(column.Text(row));
      break;
    case ValueKind::kNothing:
    case ValueKind::kUnsupported:
      break;
  }
}

template <typename T>
void AppendBytes(const T& value, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

// The value itself, so that equal values have equal bytes.
void AppendValue(const ValueColumn& column, int64_t row, std::string* out) {
  const bool missing = column.missing(row);
  bool rounded = false;
  switch (column.kind()) {
    case ValueKind::kText: {
      const std::string_view text = missing ? std::string_view() : column.Text(row);
      AppendBytes(text.size(), out);
      out->append(text);
      return;
    }
    case ValueKind::kBool:
      out->push_back(missing ? 'm' : column.Bool(row) ? '1' : '0');
      return;
    case ValueKind::kNumber:
      out->push_back(missing ? 'm' : 'v');
      if (!missing) AppendBytes(column.NumberBits(row), out);
      return;
    case ValueKind::kTime:
      out->push_back(missing ? 'm' : 'v');
      if (!missing) AppendBytes(column.Seconds(row, &rounded), out);
      return;
    case ValueKind::kInteger:
      out->push_back(missing ? 'm' : 'v');
      if (!missing) AppendBytes(column.Integer(row), out);
      return;
    case ValueKind::kUnsigned:
      out->push_back(missing ? 'm' : 'v');
      if (!missing) AppendBytes(column.Unsigned(row), out);
      return;
    case ValueKind::kNothing:
    case ValueKind::kUnsupported:  // no column that is read
      out->push_back('m');
  }
}

}  // namespace

std::string ShownCell(const TypedCell& cell) {
  std::string out;
  if (!cell.column->is_list()) {
    AppendShown(*cell.column, cell.row, &out);
  } else if (cell.missing()) {
    out = "null";
  } else {
    out = "[";
    const ValueColumn::Span span = cell.column->List(cell.row);
    for (int64_t i = span.begin; i < span.end && out.size() < kCellShownBytes; ++i) {
      if (i > span.begin) out.append(", ");
      AppendShown(cell.column->elements(), i, &out);
    }
    out.append("]");
  }
  return out;
}

void AppendCellBytes(const TypedCell& cell, std::string* out) {
  const ValueColumn& column = *cell.column;
  if (!column.is_list()) {
    AppendValue(column, cell.row, out);
    return;
  }
  const ValueColumn::Span span = column.List(cell.row);
  AppendBytes(span.size(), out);
  for (int64_t i = span.begin; i < span.end; ++i) {
    AppendValue(column.elements(), i, out);
    if (column.has_values()) AppendValue(column.values(), i, out);
  }
}

}  // namespace chorus::worker
