#pragma once
// What the types of columns allow: a slot, a label, a time. Thread safety: pure functions.

#include <vector>

#include "common/config.pb.h"
#include "common/status.h"
#include "worker/columns/column_type.h"
#include "worker/import/column_plan.h"

namespace chorus::worker {

// How a slot takes the ids of its column.
struct SlotShape {
  bool multi_valued = false;
  bool has_values = false;
};

// The shape of a column of text.
SlotShape ShapeOfText(const ColumnSlot& slot);
// The shape of a typed column. values: the type of value_column, null when the slot has none.
// Error: kInvalidArgument, the column cannot be the slot's.
Result<SlotShape> ShapeOfTyped(const ColumnSlot& slot, const ColumnType& type,
                               const ColumnType* values);

// Whether a column of this type may have labels.
bool MayBeLabel(const ColumnType& type);

// types: [plan.columns].  Error: kInvalidArgument, a column does not allow its use in the schema;
// slots are not checked here.
Status CheckTypes(const ColumnPlan& plan, const std::vector<ColumnType>& types);

}  // namespace chorus::worker
