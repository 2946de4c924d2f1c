#include "worker/import/typed_plan.h"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string_view>

#include "common/strings.h"
#include "worker/import/delimited_row.h"

namespace chorus::worker {
namespace {

using Kinds = std::initializer_list<ValueKind>;

bool IsOneOf(ValueKind kind, Kinds kinds) {
  return kind == ValueKind::kNothing || std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

constexpr Kinds kNumbers = {ValueKind::kInteger, ValueKind::kUnsigned, ValueKind::kNumber};
constexpr Kinds kIds = {ValueKind::kBool, ValueKind::kInteger, ValueKind::kUnsigned,
                        ValueKind::kNumber, ValueKind::kText};

bool IsOneOfKinds(const ColumnType& type, Kinds kinds) {
  return (!type.is_list() || type.shape == ColumnShape::kFew) && IsOneOf(type.kind, kinds);
}

class Checker {
 public:
  Checker(const ColumnPlan& plan, const std::vector<ColumnType>& types)
      : plan_(plan), types_(types) {}

  Status Check(const char* field, std::optional<uint32_t> column, Kinds kinds,
               std::string_view expected) const {
    if (!column) return Status::Ok();
    const ColumnType& type = types_[*column];
    if (IsOneOfKinds(type, kinds)) return Status::Ok();
    return InvalidArgument(StrCat(field, ": column ", Shown(plan_.columns[*column]), " is ",
                                  type.name, ", expected ", expected));
  }

 private:
  const ColumnPlan& plan_;
  const std::vector<ColumnType>& types_;
};

}  // namespace

SlotShape ShapeOfText(const ColumnSlot& slot) {
  return {!slot.separator().empty(), !slot.value_separator().empty()};
}

Result<SlotShape> ShapeOfTyped(const ColumnSlot& slot, const ColumnType& type,
                               const ColumnType* values) {
  const auto wrong = [&](std::string_view why) {
    return InvalidArgument(
        StrCat("slot ", Shown(slot.column()), ": its column is ", type.name, ", ", why));
  };
  if (!IsOneOf(type.kind, kIds))
    return wrong("which has no ids: make a column of ids, or leave it out");
  const bool pairs = type.shape == ColumnShape::kPairs;
  SlotShape shape = ShapeOfText(slot);
  if (type.shape == ColumnShape::kList || pairs) shape.multi_valued = true;
  if (values != nullptr) {
    if (!type.is_list() || pairs) return wrong("and value_column goes with a list of ids");
    const bool numbers = values->is_list() && values->shape != ColumnShape::kPairs &&
                         IsOneOf(values->kind, kNumbers);
    if (!numbers) {
      return wrong(StrCat("and its value_column ", Shown(slot.value_column()), " is ", values->name,
                          ", expected a list of numbers"));
    }
    return SlotShape{true, true};
  }
  if (pairs) {
    if (!IsOneOf(type.value_kind, kNumbers)) return wrong("whose values are no numbers");
    return SlotShape{true, true};
  }
  if (shape.has_values && type.kind != ValueKind::kText) {
    return wrong(
        "and value_separator asks for values, of which it has none: name their column "
        "(value_column), or leave value_separator out");
  }
  return shape;
}

bool MayBeLabel(const ColumnType& type) { return IsOneOfKinds(type, kIds); }

Status CheckTypes(const ColumnPlan& plan, const std::vector<ColumnType>& types) {
  using enum ValueKind;
  const Checker checker(plan, types);
  constexpr std::string_view kLabel = "0 and 1, as bool, integer, float or text";
  constexpr std::string_view kId = "one id a row: an integer or a text";
  constexpr std::string_view kTimeOf = "a timestamp, a date, a number or a text";
  constexpr std::string_view kNumberOf = "one number a row";
  RETURN_IF_ERROR(checker.Check("click", plan.click, kIds, kLabel));
  RETURN_IF_ERROR(checker.Check("conversion", plan.conversion, kIds, kLabel));
  RETURN_IF_ERROR(checker.Check("row_id", plan.row_id, {kInteger, kUnsigned, kNumber, kText}, kId));
  RETURN_IF_ERROR(checker.Check("group", plan.group, kIds, kId));
  RETURN_IF_ERROR(checker.Check("--split-by", plan.split_by, kIds, kId));
  const Kinds times = {kInteger, kUnsigned, kNumber, kText, kTime};
  RETURN_IF_ERROR(checker.Check("time", plan.time, times, kTimeOf));
  RETURN_IF_ERROR(checker.Check("--split-by-time", plan.split_by_time, times, kTimeOf));
  const Kinds numbers = {kInteger, kUnsigned, kNumber, kText};
  RETURN_IF_ERROR(checker.Check("weight", plan.weight, numbers, kNumberOf));
  for (const SidePlan* side : {&plan.contexts, &plan.exposures}) {
    for (const NumericPlan& numeric : side->numerics) {
      RETURN_IF_ERROR(checker.Check("numeric", numeric.column, kIds, kNumberOf));
    }
  }
  return Status::Ok();
}

}  // namespace chorus::worker
