#include "worker/engine/device/staged_steps.h"

#include <utility>

namespace chorus::worker {

Result<std::unique_ptr<StagedSteps>> StagedSteps::Create(PackingPlan plan, size_t bytes,
                                                         Device* device) {
  std::unique_ptr<StagedSteps> steps(new StagedSteps(std::move(plan), device));
  for (std::optional<PackedBlock>& block : steps->blocks_) {
    ASSIGN_OR_RETURN(std::byte* const on_device, device->TakeMemory(bytes));
    ASSIGN_OR_RETURN(std::byte* const on_host, device->TakeHostMemory(bytes));
    block.emplace(on_host, on_device, bytes);
  }
  return steps;
}

Status StagedSteps::PackBatch(const StepBatch& batch, bool training, uint32_t buffer) {
  if (in_flight_[buffer]) {  // not so from step to step: each waits for what servers need of it
    RETURN_IF_ERROR(device_->TakeStaged(buffer));
    RETURN_IF_ERROR(device_->Synchronize());
  }
  RETURN_IF_ERROR(packer_.PackBatch(batch, training, &*blocks_[buffer], &steps_[buffer]));
  return Stage(0, steps_[buffer].batch_bytes, buffer);
}

Status StagedSteps::Stage(size_t begin, size_t end, uint32_t buffer) {
  const PackedBlock& block = *blocks_[buffer];
  in_flight_[buffer] = true;
  return device_->Stage(buffer, block.host() + begin, block.device() + begin, end - begin);
}

Status StagedSteps::Prepare(const StepBatch& batch) {
  prepared_.reset();
  RETURN_IF_ERROR(PackBatch(batch, true, 1 - current_));
  prepared_ = batch.step;
  return Status::Ok();
}

Status StagedSteps::Load(const StepBatch& batch, const PulledRows& rows, bool training) {
  if (training && prepared_ == batch.step) {
    prepared_.reset();
    current_ = 1 - current_;
  } else {
    // A batch that is scored between two training steps leaves the prepared one where it is.
    if (!prepared_.has_value()) current_ = 1 - current_;
    RETURN_IF_ERROR(PackBatch(batch, training, current_));
  }
  const PackedStep& packed = steps_[current_];
  RETURN_IF_ERROR(packer_.PackRows(batch, rows, packed));
  RETURN_IF_ERROR(Stage(packed.batch_bytes, blocks_[current_]->used(), current_));
  return device_->TakeStaged(current_);
}

}  // namespace chorus::worker
