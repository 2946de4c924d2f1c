#pragma once
// What becomes of the values of a cell's ids. Thread safety: pure function.

#include <span>

#include "worker/import/column_plan.h"

namespace chorus::worker {

// value_transform, then value_clip, then value_l2 of the slot, on the values of one cell.
void TransformValues(const SlotPlan& slot, std::span<float> values);

}  // namespace chorus::worker
