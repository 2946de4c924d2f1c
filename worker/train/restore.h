#pragma once
// Which checkpoint a run may continue from, and whether it fits the run. Every worker calls these;
// worker 0 looks and tells the others. Thread safety: the trainer's thread.

#include <string>

#include "common/status.h"
#include "worker/train/session.h"
#include "worker/train/trainer.h"

namespace chorus::worker {

// What the run would do, as far as its configuration does not say it.
struct RunPlan {
  const LogReader* log = nullptr;  // that is trained on
  uint64_t planned_steps = 0;
};

// The checkpoint of checkpoint.directory that `resume` asks for; "" when there is none. Error:
// kFailedPrecondition when it is another run's (names the fields that differ).
// kNothing: "". Error: kFailedPrecondition when the directory holds a complete checkpoint, which a
// new run would mix with its own.
Result<std::string> FindResumable(Session* session, Resume resume, const RunPlan& plan);

}  // namespace chorus::worker
