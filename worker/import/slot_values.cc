#include "worker/import/slot_values.h"

#include <algorithm>
#include <cmath>

#include "common/device_math.h"

namespace chorus::worker {

void TransformValues(const SlotPlan& slot, std::span<float> values) {
  if (slot.value_transform == ColumnSlot::LN1P) {
    for (float& x : values) x = static_cast<float>(Log1p(Max(static_cast<double>(x), 0.0)));
  }
  if (slot.value_clip > 0) {
    for (float& x : values) x = std::clamp(x, -slot.value_clip, slot.value_clip);
  }
  if (!slot.value_l2) return;
  double squares = 0;
  for (const float x : values) squares += static_cast<double>(x) * static_cast<double>(x);
  if (squares == 0) return;
  const double norm = std::sqrt(squares);
  for (float& x : values) x = static_cast<float>(static_cast<double>(x) / norm);
}

}  // namespace chorus::worker
