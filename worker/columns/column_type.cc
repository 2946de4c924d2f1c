#include "worker/columns/column_type.h"

#include <cstring>
#include <string_view>

#include "common/strings.h"

namespace chorus::worker {
namespace {

struct NamedKind {
  std::string_view format;
  ValueKind kind;
  const char* name;
};
constexpr NamedKind kKinds[] = {
    {"n", ValueKind::kNothing, "null"},    {"b", ValueKind::kBool, "bool"},
    {"c", ValueKind::kInteger, "int8"},    {"s", ValueKind::kInteger, "int16"},
    {"i", ValueKind::kInteger, "int32"},   {"l", ValueKind::kInteger, "int64"},
    {"C", ValueKind::kUnsigned, "uint8"},  {"S", ValueKind::kUnsigned, "uint16"},
    {"I", ValueKind::kUnsigned, "uint32"}, {"L", ValueKind::kUnsigned, "uint64"},
    {"e", ValueKind::kNumber, "float16"},  {"f", ValueKind::kNumber, "float32"},
    {"g", ValueKind::kNumber, "float64"},  {"u", ValueKind::kText, "text"},
    {"U", ValueKind::kText, "text"},       {"z", ValueKind::kText, "bytes"},
    {"Z", ValueKind::kText, "bytes"},      {"tdD", ValueKind::kTime, "date"},
    {"tdm", ValueKind::kTime, "date"},
};

ColumnType Scalar(std::string_view format) {
  for (const NamedKind& known : kKinds) {
    if (format == known.format) return {.kind = known.kind, .name = known.name};
  }
  if (format.starts_with("w:")) return {.kind = ValueKind::kText, .name = "bytes"};
  if (format.starts_with("ts")) return {.kind = ValueKind::kTime, .name = "timestamp"};
  // "d:precision,scale" has 128 bits; others say how many behind a second comma.
  if (format.starts_with("d:") && format.find(',') == format.rfind(',')) {
    return {.kind = ValueKind::kNumber, .name = "decimal"};
  }
  if (format.starts_with("tt")) return {.kind = ValueKind::kUnsupported, .name = "time of day"};
  if (format.starts_with("tD")) return {.kind = ValueKind::kUnsupported, .name = "duration"};
  if (format == "+s") return {.kind = ValueKind::kUnsupported, .name = "struct"};
  return {.kind = ValueKind::kUnsupported, .name = StrCat("Arrow type ", format)};
}

ColumnType ListOf(const ArrowSchema& element, bool is_map) {
  if (std::strcmp(element.format, "+s") == 0 && element.n_children == 2) {
    const ColumnType id = TypeOfField(*element.children[0]);
    const ColumnType value = TypeOfField(*element.children[1]);
    const std::string name = is_map ? StrCat("map from ", id.name, " to ", value.name)
                                    : StrCat("list of (", id.name, ", ", value.name, ")");
    const bool flat = !id.is_list() && !value.is_list() && value.kind != ValueKind::kUnsupported;
    return {.kind = flat ? id.kind : ValueKind::kUnsupported,
            .shape = ColumnShape::kPairs,
            .value_kind = value.kind,
            .name = name};
  }
  const ColumnType of = TypeOfField(element);
  return {.kind = of.is_list() ? ValueKind::kUnsupported : of.kind,
          .shape = ColumnShape::kList,
          .name = StrCat("list of ", of.name)};
}

}  // namespace

ColumnType TypeOfField(const ArrowSchema& field) {
  if (field.dictionary != nullptr) {
    const ColumnType of = TypeOfField(*field.dictionary);
    if (!of.is_list()) return of;
    return {.kind = ValueKind::kUnsupported, .name = StrCat("dictionary of ", of.name)};
  }
  const std::string_view format = field.format;
  if (format == "+l" || format == "+L" || format.starts_with("+w:")) {
    return ListOf(*field.children[0], false);
  }
  if (format == "+m") return ListOf(*field.children[0], true);
  return Scalar(format);
}

TimeUnit TimeUnitOf(const char* format) {
  if (std::strncmp(format, "tdD", 3) == 0) return {.seconds = 86400};
  switch (format[2]) {  // "tdm", or "ts" and the unit
    case 's':
      return {.per_second = 1};
    case 'm':
      return {.per_second = 1000};
    case 'u':
      return {.per_second = 1'000'000};
    default:
      return {.per_second = 1'000'000'000};
  }
}

}  // namespace chorus::worker
