#pragma once
// The step engine of a device: device_step.h in the terms of a session. Thread safety: the
// trainer's thread.

#include <memory>

#include "worker/device/device.h"
#include "worker/engine/engine.h"

namespace chorus::worker {

// Error: as DeviceStep::Create.
Result<std::unique_ptr<Engine>> NewDeviceEngine(Session* session, std::unique_ptr<Device> device,
                                                uint32_t extras);

}  // namespace chorus::worker
