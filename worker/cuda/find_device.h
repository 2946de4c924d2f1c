#pragma once
// The GPU that a worker uses. Thread safety: changes only the current device of the calling thread.

#include "common/status.h"
#include "worker/device/device.h"

namespace chorus::worker::cuda {

// Makes device number `index`, modulo the number of devices, the current device of the calling
// thread, and describes it in *info, as far as possible even after an error. Error:
// kFailedPrecondition when no device can be used, or the library has no code for the device; it
// names the driver, the toolkit and the number of devices found.
Status FindDevice(int index, DeviceInfo* info);

}  // namespace chorus::worker::cuda
