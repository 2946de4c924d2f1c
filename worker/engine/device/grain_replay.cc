#include "worker/engine/device/grain_replay.h"

namespace chorus::worker {

// The key has all that the calls are given and that is not the same in every step, or in every
// grain. It lacks the step's number alone, which kernels read from the device's memory
// (DropoutMask).
Status GrainReplay::Run(const LoadedStep& step, Part part, size_t grain, size_t group,
                        const std::function<Status()>& calls) {
  const PackedGrain& packed = step.packed->grains[grain];
  if (!on_ || packed.rows != grain_rows_) return calls();
  key_ = {static_cast<uint64_t>(part),
          grain,
          group,
          step.stage,
          step.training,
          step.forwarded,
          static_cast<uint64_t>(step.padded_contexts[grain])};
  const DeviceLabels& labels = packed.labels;
  const RowIndex& index = packed.context_of;
  const void* const pointers[] = {packed.context_side.on_device,
                                  packed.exposure_side.on_device,
                                  index.of,
                                  index.order,
                                  index.begins,
                                  labels.click,
                                  labels.conversion,
                                  labels.weight,
                                  labels.copies,
                                  labels.draw,
                                  packed.row_id,
                                  step.packed->step};
  for (const void* pointer : pointers) key_.push_back(reinterpret_cast<uintptr_t>(pointer));
  for (const float* const* tables : step.packed->group_tables) {
    key_.push_back(reinterpret_cast<uintptr_t>(tables));
  }
  return device_->Replay(key_, calls).status();
}

}  // namespace chorus::worker
