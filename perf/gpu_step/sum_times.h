#pragma once
// How fast the gradients of several devices are summed (worker/device/device_collective.h), each
// driven by a thread of this process. Thread safety: functions of their arguments.

#include <cstdint>
#include <vector>

#include "common/status.h"
#include "worker/device/device.h"

namespace chorus::perf {

struct SumTime {
  int64_t floats = 0;
  bool reproducible = true;
  double seconds = 0;     // of the device's clock: the best time of the slowest device
  double bytes_sent = 0;  // by each device: 2 (N - 1) / N of the vector
  double bytes_per_s() const { return bytes_sent / seconds; }
};
struct SumShapes {
  uint32_t gpus = 1;             // the first `gpus` devices
  std::vector<int64_t> lengths;  // floats
  int64_t bucket = 1;            // the most floats that are summed at a time
};
// Sums of each length, in the canonical order and in the fastest one. Errors: kInternal, a sum is
// wrong; those of opening a device or a collective.
Result<std::vector<SumTime>> MeasureSums(const worker::OpenDevice& open,
                                         const worker::DeviceOptions& options,
                                         const SumShapes& shapes);

}  // namespace chorus::perf
