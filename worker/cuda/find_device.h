#pragma once
// Which of this process's GPUs a worker uses. Thread safety: pure but for the calling thread's
// current device.

#include "common/status.h"
#include "worker/device/device.h"

namespace chorus::worker::cuda {

// Makes device `index`, modulo their number, the calling thread's, and describes it; `info` is
// filled in as far as it is known, also after an error. Error: kFailedPrecondition when there is
// none that can be used, or the library has no code for it: says what driver, toolkit and devices
// were found.
Status FindDevice(int index, DeviceInfo* info);

}  // namespace chorus::worker::cuda
