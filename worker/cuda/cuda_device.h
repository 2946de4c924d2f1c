#pragma once
// Device on CUDA: one GPU, one compute stream, one copy stream. Thread safety: as Device.

#include <memory>

#include "worker/device/device.h"

namespace chorus::worker::cuda {

// Error: kFailedPrecondition when there is no device that can be used; names driver and toolkit.
Result<std::unique_ptr<Device>> OpenCudaDevice(const DeviceOptions& options);

}  // namespace chorus::worker::cuda
