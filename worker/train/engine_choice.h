#pragma once
// Which engine a job gets. Thread safety: the trainer's thread.

#include <memory>

#include "common/status.h"
#include "worker/device/device.h"
#include "worker/engine/context.h"
#include "worker/engine/engine.h"

namespace chorus::worker {

// The engine that compute.backend asks for. open: empty when the job has no devices. Every worker
// calls it: either all compute on devices or none does. Error, where the configuration asks for
// devices: that of one that cannot be used or has too little memory; AUTO then takes the CPU, and
// worker 0 says why.
Result<std::unique_ptr<Engine>> NewEngine(const EngineContext& context, const OpenDevice& open);

}  // namespace chorus::worker
