#pragma once
// The engine of a device: device_step.h behind engine.h. Thread safety: the trainer's thread.

#include <memory>

#include "worker/device/device.h"
#include "worker/engine/context.h"
#include "worker/engine/engine.h"

namespace chorus::worker {

// Error: as DeviceStep::Create.
Result<std::unique_ptr<Engine>> NewDeviceEngine(const EngineContext& context,
                                                std::unique_ptr<Device> device);

}  // namespace chorus::worker
