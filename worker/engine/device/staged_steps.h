#pragma once
// Steps on their way to a device, two at a time: while one is computed, the next one's batch is
// packed and copied, and its rows follow when they are there. Thread safety: none.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "common/status.h"
#include "worker/device/device.h"
#include "worker/engine/device/packed_step.h"

namespace chorus::worker {

class StagedSteps {
 public:
  // bytes: capacity of a step. `device` outlives what is made. Error: kResourceExhausted.
  static Result<std::unique_ptr<StagedSteps>> Create(PackingPlan plan, size_t bytes,
                                                     Device* device);

  // Begins to bring over a training batch that a later Load will name. Error: kResourceExhausted,
  // the step is too large.
  Status Prepare(const StepBatch& batch);
  // Makes a step the current one: later calls to the device find all of it. Error: as Prepare.
  Status Load(const StepBatch& batch, const PulledRows& rows, bool training);
  // To be called when the device has been synchronised: only a copy of the prepared block may still
  // read one.
  void Settle() {
    for (uint32_t buffer = 0; buffer < kStagingBuffers; ++buffer) {
      if (buffer == current_ || !prepared_.has_value()) in_flight_[buffer] = false;
    }
  }

  PackedStep& current() { return steps_[current_]; }
  const PackedStep& current() const { return steps_[current_]; }

 private:
  StagedSteps(PackingPlan plan, Device* device) : packer_(std::move(plan)), device_(device) {}
  Status PackBatch(const StepBatch& batch, bool training, uint32_t buffer);
  Status Stage(size_t begin, size_t end, uint32_t buffer);  // bytes of the block

  StepPacker packer_;
  Device* const device_;
  std::array<std::optional<PackedBlock>, kStagingBuffers> blocks_;
  std::array<PackedStep, kStagingBuffers> steps_;
  std::array<bool, kStagingBuffers> in_flight_ = {};  // the device may still read the block
  uint32_t current_ = 0;
  std::optional<uint64_t> prepared_;  // the step that is in the other buffer
};

}  // namespace chorus::worker
