#include "worker/import/column_plan.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "common/strings.h"
#include "worker/import/delimited_row.h"

namespace chorus::worker {
namespace {

class Planner {
 public:
  Planner(const ImportSchema& schema, const std::vector<std::string>& columns) : schema_(schema) {
    plan_.columns = columns;
  }

  Result<ColumnPlan> Plan(const std::string& split_by) {
    RETURN_IF_ERROR(IndexColumns());
    RETURN_IF_ERROR(PlanLabels());
    RETURN_IF_ERROR(PlanOptional("row_id", schema_.row_id(), &plan_.row_id));
    RETURN_IF_ERROR(PlanOptional("group", schema_.group(), &plan_.group));
    RETURN_IF_ERROR(PlanOptional("time", schema_.time(), &plan_.time));
    RETURN_IF_ERROR(PlanOptional("weight", schema_.weight(), &plan_.weight));
    for (const ColumnSlot& slot : schema_.slot()) RETURN_IF_ERROR(AddSlot(slot));
    for (const ColumnNumeric& numeric : schema_.numeric()) RETURN_IF_ERROR(AddNumeric(numeric));
    if (schema_.other_columns_are_slots()) RETURN_IF_ERROR(AddOtherColumns());
    // Not a use of the column: it may be a feature too, also through other_columns_are_slots.
    RETURN_IF_ERROR(PlanOptional("--split-by", split_by, &plan_.split_by));
    if (plan_.schema.slots.empty() && plan_.schema.numerics.empty()) {
      return InvalidArgument(
          "the schema makes no features: write slot or numeric entries, or "
          "other_columns_are_slots");
    }
    plan_.schema.has_weight = plan_.weight.has_value();
    plan_.schema.has_group = plan_.group.has_value();
    plan_.schema.has_time = plan_.time.has_value();
    return std::move(plan_);
  }

 private:
  Status IndexColumns() {
    for (uint32_t i = 0; i < plan_.columns.size(); ++i) {
      if (!index_.emplace(plan_.columns[i], i).second) {
        return InvalidArgument(
            StrCat("the header names column ", Shown(plan_.columns[i]), " twice"));
      }
    }
    return Status::Ok();
  }

  Result<uint32_t> Find(const std::string& field, const std::string& column) {
    const auto found = index_.find(column);
    if (found == index_.end()) {
      return InvalidArgument(StrCat(field, ": the text has no column ", Shown(column),
                                    "; its columns are ", ColumnNames()));
    }
    used_.insert(found->second);
    return found->second;
  }

  std::string ColumnNames() const {
    constexpr size_t kNames = 30;
    std::vector<std::string> names;
    for (size_t i = 0; i < std::min(kNames, plan_.columns.size()); ++i) {
      names.push_back(Shown(plan_.columns[i]));
    }
    if (plan_.columns.size() > kNames) names.push_back("...");
    return Join(names, ", ");
  }

  Status PlanLabels() {
    ASSIGN_OR_RETURN(plan_.click, Find("click", schema_.click()));
    ASSIGN_OR_RETURN(plan_.conversion, Find("conversion", schema_.conversion()));
    if (plan_.click == plan_.conversion) {
      return InvalidArgument(
          StrCat("click and conversion are the same column ", Shown(schema_.click())));
    }
    return Status::Ok();
  }

  Status PlanOptional(const std::string& field, const std::string& column,
                      std::optional<uint32_t>* out) {
    if (column.empty()) return Status::Ok();
    ASSIGN_OR_RETURN(*out, Find(field, column));
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

  Status AddSlot(const ColumnSlot& slot) {
    ASSIGN_OR_RETURN(const uint32_t column, Find("slot.column", slot.column()));
    const std::string name = slot.name().empty() ? slot.column() : slot.name();
    const std::string key_space = slot.key_space().empty() ? name : slot.key_space();
    RETURN_IF_ERROR(AddName(name));
    if (!slot.separator().empty() && slot.separator() == slot.value_separator()) {
      return InvalidArgument(
          StrCat("slot ", Shown(name), ": separator and value_separator are equal"));
    }
    plan_.schema.slots.push_back({.name = name,
                                  .key_space = key_space,
                                  .context = slot.context(),
                                  .multi_valued = !slot.separator().empty(),
                                  .has_values = !slot.value_separator().empty()});
    SidePlan& side = slot.context() ? plan_.contexts : plan_.exposures;
    side.slots.push_back({column, SpaceSeed(key_space), slot.separator(), slot.value_separator()});
    if (slot.context()) UseInContext(column);
    return Status::Ok();
  }

  Status AddNumeric(const ColumnNumeric& numeric) {
    ASSIGN_OR_RETURN(const uint32_t column, Find("numeric.column", numeric.column()));
    const std::string name = numeric.name().empty() ? numeric.column() : numeric.name();
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
    return Status::Ok();
  }

  Status AddOtherColumns() {
    for (uint32_t i = 0; i < plan_.columns.size(); ++i) {
      if (used_.count(i) != 0) continue;
      ColumnSlot slot;
      slot.set_column(plan_.columns[i]);
      RETURN_IF_ERROR(AddSlot(slot));
    }
    return Status::Ok();
  }

  const ImportSchema& schema_;
  ColumnPlan plan_;
  std::map<std::string, uint32_t> index_;
  std::set<uint32_t> used_;      // columns that the schema names
  std::set<std::string> names_;  // of slots and numerics
};

}  // namespace

bool NeedsStatistics(const ImportSchema& schema) {
  return std::any_of(
      schema.numeric().begin(), schema.numeric().end(),
      [](const ColumnNumeric& numeric) { return numeric.transform() != ColumnNumeric::NONE; });
}

Result<ColumnPlan> PlanColumns(const ImportSchema& schema, const std::vector<std::string>& columns,
                               const std::string& split_by) {
  return Planner(schema, columns).Plan(split_by);
}

Result<char> DelimiterOf(const ImportSchema& schema) {
  const std::string& delimiter = schema.delimiter();
  if (delimiter.size() != 1 || delimiter.find_first_of(std::string_view("\"\r\n\0", 4)) == 0) {
    return InvalidArgument(StrCat("delimiter: found ", Shown(delimiter),
                                  ", expected one byte that is no quote and no line end"));
  }
  return delimiter[0];
}

}  // namespace chorus::worker
