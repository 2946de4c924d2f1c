#pragma once
// Which engine a job gets. Thread safety: the trainer's thread.

#include <cstdint>
#include <memory>

#include "common/status.h"
#include "worker/engine/engine.h"

namespace chorus::worker {

class Session;

// The engine that the session's configuration asks for; `extras`: doubles a grain. `session`
// outlives it. Every worker calls it: either all compute on devices or none does. Error, where it
// asks for devices: that of one that cannot be used or has too little memory; AUTO then takes the
// CPU, and worker 0 says why.
Result<std::unique_ptr<Engine>> NewEngine(Session* session, uint32_t extras);

}  // namespace chorus::worker
