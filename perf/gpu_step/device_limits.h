#pragma once
// The best that a device can do, measured: the ceilings of gpu_step's figures. Thread safety:
// functions of their arguments.

#include <cstdint>

#include "common/status.h"
#include "worker/device/device.h"

namespace chorus::perf {

struct LimitSizes {
  int64_t product = 4096;          // n of an n x n x n product
  size_t copy_bytes = 256u << 20;  // of a copy
};

struct DeviceLimits {
  double product_flops = 0;  // per second, in the precision that the device was opened with
  double to_device = 0;      // bytes per second, from page-locked memory
  double to_host = 0;
  double memory = 0;  // bytes per second, read and written by a copy inside the device
};
// It takes memory of the device, which is freed with the device.
Result<DeviceLimits> MeasureLimits(worker::Device* device, const LimitSizes& sizes);

}  // namespace chorus::perf
