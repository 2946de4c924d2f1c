#pragma once
// How the values of a cell's ids are changed. Thread safety: pure function.

#include <span>

#include "worker/import/column_plan.h"

namespace chorus::worker {

// Applies value_transform, then value_clip, then value_l2 of the slot to the values of one cell.
void TransformValues(const SlotPlan& slot, std::span<float> values);

}  // namespace chorus::worker
