#include "worker/import/column_plan.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include "common/check.h"
#include "common/proto_enum.h"
#include "common/strings.h"
#include "worker/import/column_index.h"
#include "worker/import/crossed_slots.h"
#include "worker/import/delimited_row.h"
#include "worker/import/typed_plan.h"
#include "worker/import/wildcard.h"

namespace chorus::worker {
namespace {

// Of lists of a typed column, where they come as text and the schema has none.
constexpr char kListSeparator[] = "|";
constexpr char kListValueSeparator[] = ":";

class Planner {
 public:
  Planner(const ImportSchema& schema, const std::vector<std::string>& columns,
          const std::vector<ColumnType>& types, ColumnIndex index)
      : schema_(schema), types_(types), index_(std::move(index)) {
    plan_.columns = columns;
    plan_.rules = CellRules(schema);
    applied_ = schema;
    applied_.clear_exclude();
    applied_.clear_missing_marker();
    applied_.clear_slot();
    applied_.clear_cross();
    applied_.clear_numeric();
    applied_.set_other_columns_are_slots(false);
    // Contents tell these: a log of them takes further rows from any.
    if (IsTypedFormat(schema.format())) applied_.set_format(ImportSchema::DELIMITED);
    for (const std::string& marker : plan_.rules.markers()) applied_.add_missing_marker(marker);
    if (plan_.rules.markers().empty()) applied_.add_missing_marker("");
  }

  Result<ColumnPlan> Plan(const ColumnUse& use) {
    RETURN_IF_ERROR(use.scoring ? PlanForScoring() : PlanForTraining(use.unlabelled));
    if (schema_.row_id_text() && schema_.row_id().empty()) {
      return InvalidArgument("row_id_text needs row_id: which column has them?");
    }
    plan_.row_id_text = schema_.row_id_text() && plan_.row_id.has_value();
    for (const ColumnSlot& slot : schema_.slot()) RETURN_IF_ERROR(AddSlots(slot));
    for (const ColumnNumeric& numeric : schema_.numeric()) RETURN_IF_ERROR(AddNumerics(numeric));
    if (schema_.other_columns_are_slots()) RETURN_IF_ERROR(AddOtherColumns());
    for (const ColumnCross& cross : schema_.cross()) {
      RETURN_IF_ERROR(PlanCross(cross, &plan_, &applied_));
    }
    // Not a use of the column: it may be a feature too, also through other_columns_are_slots.
    RETURN_IF_ERROR(PlanOptional("--split-by", use.split_by, &plan_.split_by));
    RETURN_IF_ERROR(PlanOptional("--split-by-time", use.split_by_time, &plan_.split_by_time));
    if (plan_.schema.slots.empty() && plan_.schema.numerics.empty()) {
      return InvalidArgument(
          "the schema makes no features: write slot or numeric entries, or "
          "other_columns_are_slots");
    }
    if (!types_.empty()) RETURN_IF_ERROR(CheckTypes(plan_, types_));
    plan_.left_out = index_.Unused();
    plan_.schema.has_click = plan_.click.has_value();
    plan_.schema.has_conversion = plan_.conversion.has_value();
    plan_.schema.has_weight = plan_.weight.has_value();
    plan_.schema.has_group = plan_.group.has_value();
    plan_.schema.has_time = plan_.time.has_value();
    plan_.schema.has_row_id_text = plan_.row_id_text;
    plan_.schema.text = applied_.SerializeAsString();
    return std::move(plan_);
  }

 private:
  Status PlanForTraining(bool unlabelled) {
    RETURN_IF_ERROR(unlabelled ? PassOver({schema_.click(), schema_.conversion()}) : PlanLabels());
    RETURN_IF_ERROR(PlanOptional("row_id", schema_.row_id(), &plan_.row_id));
    RETURN_IF_ERROR(PlanOptional("group", schema_.group(), &plan_.group));
    RETURN_IF_ERROR(PlanOptional("time", schema_.time(), &plan_.time));
    return PlanOptional("weight", schema_.weight(), &plan_.weight);
  }

  Status PlanForScoring() {
    plan_.scoring = true;
    RETURN_IF_ERROR(PassOver({schema_.group(), schema_.time(), schema_.weight()}));
    RETURN_IF_ERROR(PlanShown(schema_.click(), &plan_.shown_click));
    RETURN_IF_ERROR(PlanShown(schema_.conversion(), &plan_.shown_conversion));
    if (!index_.Has(schema_.row_id())) return Status::Ok();
    return PlanOptional("row_id", schema_.row_id(), &plan_.row_id);
  }

  // No feature is made of these columns through other_columns_are_slots either.
  Status PassOver(const std::vector<std::string>& columns) {
    for (const std::string& column : columns) {
      if (index_.Has(column)) RETURN_IF_ERROR(index_.Find("schema", column).status());
    }
    return Status::Ok();
  }

  Status PlanShown(const std::string& column, std::optional<uint32_t>* out) {
    if (!index_.Has(column)) return Status::Ok();
    RETURN_IF_ERROR(PlanOptional("schema", column, out));
    if (!types_.empty() && !MayBeLabel(types_[**out])) out->reset();
    return Status::Ok();
  }

  Status PlanLabels() {
    RETURN_IF_ERROR(PlanOptional("click", schema_.click(), &plan_.click));
    RETURN_IF_ERROR(PlanOptional("conversion", schema_.conversion(), &plan_.conversion));
    if (plan_.click == plan_.conversion) {
      return InvalidArgument(StrCat("click and conversion are the same column ",
                                    Shown(schema_.click()),
                                    "; a log of clicks alone is made without conversion"));
    }
    return Status::Ok();
  }

  Status PlanOptional(const std::string& field, const std::string& column,
                      std::optional<uint32_t>* out) {
    if (column.empty()) return Status::Ok();
    ASSIGN_OR_RETURN(*out, index_.Find(field, column));
    return Status::Ok();
  }

  Status AddName(const std::string& name) {
    if (name.empty()) return InvalidArgument("a column without a name cannot be a feature");
    if (!names_.insert(name).second) {
      return InvalidArgument(StrCat("two features are named ", Shown(name)));
    }
    return Status::Ok();
  }

  void UseInContext(uint32_t column) {
    auto& columns = plan_.context_columns;
    if (std::find(columns.begin(), columns.end(), column) == columns.end()) {
      columns.push_back(column);
    }
  }

  // The columns of an entry: one, or all that its wildcards match.
  template <typename Entry>
  Result<std::vector<uint32_t>> ColumnsOf(const std::string& field, const Entry& entry) {
    if (index_.Has(entry.column()) || !HasWildcard(entry.column())) {
      ASSIGN_OR_RETURN(const uint32_t column, index_.Find(field, entry.column()));
      return std::vector<uint32_t>{column};
    }
    if (!entry.name().empty()) {
      return InvalidArgument(StrCat(field, " ", Shown(entry.column()),
                                    ": several columns cannot have the one name ",
                                    Shown(entry.name())));
    }
    return index_.FindAll(field, entry.column());
  }

  Status AddSlots(const ColumnSlot& slot) {
    ASSIGN_OR_RETURN(const std::vector<uint32_t> columns, ColumnsOf("slot.column", slot));
    RETURN_IF_ERROR(CheckNoLabel("slot", "column", slot.column()));
    RETURN_IF_ERROR(CheckNoLabel("slot", "value_column", slot.value_column()));
    for (const uint32_t column : columns) RETURN_IF_ERROR(AddSlot(slot, column));
    return Status::Ok();
  }

  // A label that is a feature tells itself. What was trained on it may still be scored.
  Status CheckNoLabel(std::string_view entry, std::string_view field,
                      const std::string& column) const {
    if (column.empty() || plan_.scoring) return Status::Ok();
    const bool click = column == schema_.click();
    if (!click && column != schema_.conversion()) return Status::Ok();
    return InvalidArgument(
        StrCat(click ? "click" : "conversion", ": \"", column, "\" and ", entry, " { ", field,
               ": \"", column,
               "\" } are one column: a label that is a feature too tells itself; "
               "remove one of these entries"));
  }

  Status AddSlot(const ColumnSlot& slot, uint32_t column) {
    const std::string name = slot.name().empty() ? plan_.columns[column] : slot.name();
    const std::string key_space = slot.key_space().empty() ? name : slot.key_space();
    RETURN_IF_ERROR(AddName(name));
    if (slot.min_count() > std::numeric_limits<uint32_t>::max()) {
      return InvalidArgument(StrCat("slot ", Shown(name), ": min_count is ", slot.min_count(),
                                    ", allowed is up to 4294967295"));
    }
    if (!slot.separator().empty() && slot.separator() == slot.value_separator()) {
      return InvalidArgument(
          StrCat("slot ", Shown(name), ": separator and value_separator are equal"));
    }
    std::optional<uint32_t> values;
    if (!types_.empty()) {
      RETURN_IF_ERROR(PlanOptional("value_column", slot.value_column(), &values));
    }
    ASSIGN_OR_RETURN(const SlotShape shape, ShapeOf(slot, column, values));
    plan_.schema.slots.push_back({.name = name,
                                  .key_space = key_space,
                                  .context = slot.context(),
                                  .multi_valued = shape.multi_valued,
                                  .has_values = shape.has_values});
    SidePlan& side = slot.context() ? plan_.contexts : plan_.exposures;
    side.slots.push_back({column, SpaceSeed(key_space), slot.separator(), slot.value_separator(),
                          slot.keep_markers(), slot.max_ids(), slot.keep(), slot.value_transform(),
                          static_cast<float>(slot.value_clip()), slot.value_l2(),
                          shape.multi_valued, shape.has_values, values,
                          static_cast<uint32_t>(slot.min_count())});
    RETURN_IF_ERROR(CheckValues(name, side.slots.back()));
    WriteApplied(slot, plan_.columns[column], plan_.schema.slots.back());
    if (slot.context()) UseInContext(column);
    if (slot.context() && values) UseInContext(*values);
    return Status::Ok();
  }

  Result<SlotShape> ShapeOf(const ColumnSlot& slot, uint32_t column,
                            std::optional<uint32_t> values) const {
    if (!types_.empty()) {
      return ShapeOfTyped(slot, types_[column], values ? &types_[*values] : nullptr);
    }
    if (slot.value_column().empty() || !slot.value_separator().empty()) return ShapeOfText(slot);
    return InvalidArgument(StrCat("slot ", Shown(slot.column()),
                                  ": value_column is for Parquet, ORC and TFRecord; text has "
                                  "values beside their ids (value_separator)"));
  }

  static Status CheckValues(const std::string& name, const SlotPlan& slot) {
    if (slot.has_values) return Status::Ok();
    if (slot.keep == ColumnSlot::LARGEST_VALUE) {
      return InvalidArgument(StrCat("slot ", Shown(name),
                                    ": keep is LARGEST_VALUE, and without value_separator there "
                                    "are no values"));
    }
    if (!slot.changes_values()) return Status::Ok();
    return InvalidArgument(StrCat("slot ", Shown(name),
                                  ": value_transform, value_clip and value_l2 need "
                                  "value_separator: without it there are no values"));
  }

  void WriteApplied(const ColumnSlot& slot, const std::string& column, const SlotInfo& info) {
    ColumnSlot& out = *applied_.add_slot();
    out.set_column(column);
    out.set_name(info.name);
    out.set_key_space(info.key_space);
    out.set_context(info.context);
    // Lists need no separators; the same rows as text do.
    const bool list = info.multi_valued && slot.separator().empty();
    const bool values = info.has_values && slot.value_separator().empty();
    out.set_separator(list ? kListSeparator : slot.separator());
    out.set_value_separator(values ? kListValueSeparator : slot.value_separator());
    out.set_keep_markers(slot.keep_markers());
    out.set_max_ids(slot.max_ids());
    out.set_keep(slot.has_keep() ? slot.keep() : ColumnSlot::FIRST);
    if (slot.has_value_transform()) out.set_value_transform(slot.value_transform());
    if (slot.has_value_clip()) out.set_value_clip(slot.value_clip());
    if (slot.has_value_l2()) out.set_value_l2(slot.value_l2());
    if (slot.min_count() > 0) out.set_min_count(slot.min_count());
    if (!slot.value_column().empty()) out.set_value_column(slot.value_column());
  }

  Status AddNumerics(const ColumnNumeric& numeric) {
    ASSIGN_OR_RETURN(const std::vector<uint32_t> columns, ColumnsOf("numeric.column", numeric));
    RETURN_IF_ERROR(CheckNoLabel("numeric", "column", numeric.column()));
    for (const uint32_t column : columns) RETURN_IF_ERROR(AddNumeric(numeric, column));
    return Status::Ok();
  }

  Status AddNumeric(const ColumnNumeric& numeric, uint32_t column) {
    const std::string name = numeric.name().empty() ? plan_.columns[column] : numeric.name();
    RETURN_IF_ERROR(AddName(name));
    const auto missing = static_cast<float>(numeric.missing());
    if (!std::isfinite(missing)) {
      return InvalidArgument(StrCat("numeric ", Shown(name), ": missing is not a finite number"));
    }
    SidePlan& side = numeric.context() ? plan_.contexts : plan_.exposures;
    side.numerics.push_back({column, static_cast<uint32_t>(plan_.schema.numerics.size()),
                             numeric.transform(), missing});
    plan_.schema.numerics.push_back(
        {.name = name,
         .context = numeric.context(),
         .log_transform = numeric.transform() == ColumnNumeric::LOG_STANDARD});
    if (numeric.context()) UseInContext(column);
    ColumnNumeric& applied = *applied_.add_numeric();
    applied = numeric;
    applied.set_column(plan_.columns[column]);
    applied.set_name(name);
    return Status::Ok();
  }

  Status AddOtherColumns() {
    ASSIGN_OR_RETURN(const std::vector<uint32_t> others, index_.TakeOthers());
    for (const uint32_t column : others) RETURN_IF_ERROR(AddSlot(ColumnSlot(), column));
    return Status::Ok();
  }

  const ImportSchema& schema_;
  const std::vector<ColumnType>& types_;  // empty: all are texts
  ColumnIndex index_;
  ColumnPlan plan_;
  ImportSchema applied_;         // becomes plan_.schema.text
  std::set<std::string> names_;  // of slots and numerics
};

}  // namespace

bool NeedsStatistics(const ImportSchema& schema) {
  return std::any_of(
      schema.numeric().begin(), schema.numeric().end(),
      [](const ColumnNumeric& numeric) { return numeric.transform() != ColumnNumeric::NONE; });
}

bool AsksForCounts(const ImportSchema& schema) {
  const auto asks = [](const auto& slot) { return slot.min_count() > 1; };
  return std::any_of(schema.slot().begin(), schema.slot().end(), asks) ||
         std::any_of(schema.cross().begin(), schema.cross().end(), asks);
}

Result<ColumnPlan> PlanColumns(const ImportSchema& schema, const std::vector<std::string>& columns,
                               const ColumnUse& use) {
  ASSIGN_OR_RETURN(ColumnIndex index,
                   ColumnIndex::Make(schema, use.unlabelled || use.scoring, columns));
  return Planner(schema, columns, use.types, std::move(index)).Plan(use);
}

bool IsTypedFormat(ImportSchema::Format format) {
  switch (format) {
    case ImportSchema::PARQUET:
    case ImportSchema::ORC:
    case ImportSchema::TFRECORD:
      return true;
    case ImportSchema::FORMAT_UNSPECIFIED:
    case ImportSchema::DELIMITED:
    case ImportSchema::ALI_CCP:
    case ImportSchema::LIBSVM:
    case ImportSchema::LIBFFM:
    case ImportSchema::SLOT_TEXT:
      return false;
    case NO_VALUE_OF(ImportSchema_Format_ImportSchema_Format):
      break;
  }
  CHECK(false, "no format: ", format);
}

std::vector<uint32_t> ColumnsRead(const ColumnPlan& plan) {
  std::set<uint32_t> read;
  for (const auto& column :
       {plan.click, plan.conversion, plan.row_id, plan.group, plan.time, plan.weight, plan.split_by,
        plan.split_by_time, plan.shown_click, plan.shown_conversion}) {
    if (column) read.insert(*column);
  }
  for (const SidePlan* side : {&plan.contexts, &plan.exposures}) {
    for (const SlotPlan& slot : side->slots) {
      if (slot.is_cross()) continue;  // of slots that are read
      read.insert(slot.column);
      if (slot.value_column) read.insert(*slot.value_column);
    }
    for (const NumericPlan& numeric : side->numerics) read.insert(numeric.column);
  }
  return {read.begin(), read.end()};
}

Result<char> DelimiterOf(const ImportSchema& schema) {
  const std::string& delimiter = schema.delimiter();
  if (delimiter.size() != 1 || delimiter.find_first_of(std::string_view("\"\r\n\0", 4)) == 0) {
    return InvalidArgument(StrCat("delimiter: found ", Shown(delimiter),
                                  ", expected one byte that is no quote and no line end"));
  }
  return delimiter[0];
}

Result<char> EscapeOf(const ImportSchema& schema) {
  const std::string& escape = schema.escape();
  if (escape.empty()) return '\0';
  if (escape.size() != 1 || escape == schema.delimiter() ||
      escape.find_first_of(std::string_view("\"\r\n\0", 4)) == 0) {
    return InvalidArgument(StrCat("escape: found ", Shown(escape),
                                  ", expected one byte, like \"\\\\\", that is no quote, no "
                                  "delimiter and no line end"));
  }
  return escape[0];
}

}  // namespace chorus::worker
