#pragma once
// What repeats from step to step is started as one (Device::Replay): of a full grain everything but
// the gradients of rows, for each block of staged_steps.h and each padded number of contexts. The
// bits are those of the calls one by one. Thread safety: none.

#include <cstdint>
#include <functional>
#include <vector>

#include "common/status.h"
#include "worker/device/device.h"
#include "worker/engine/device/device_grain.h"

namespace chorus::worker {

class GrainReplay {
 public:
  // A piece of a grain's work; the parts of the backward pass are those of one group.
  enum class Part : uint64_t { kForward, kTrain, kLosses, kUpper, kLower };

  // `device` outlives it.  on: whether anything is started as one.
  GrainReplay(Device* device, int64_t grain_rows, bool on)
      : device_(device), grain_rows_(grain_rows), on_(on) {}
  void Turn(bool on) { on_ = on; }

  // Makes the calls, or starts at once what the same calls enqueued in an earlier step.
  Status Run(const LoadedStep& step, Part part, size_t grain, size_t group,
             const std::function<Status()>& calls);

 private:
  Device* const device_;
  const int64_t grain_rows_;
  bool on_;
  std::vector<uint64_t> key_;  // of the last Run
};

}  // namespace chorus::worker
