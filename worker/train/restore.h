#pragma once
// Which checkpoint a run may continue from, and whether it fits the run. Every worker calls these;
// worker 0 looks and tells the others. Thread safety: the trainer's thread.

#include <string>

#include "common/status.h"
#include "worker/train/session.h"

namespace chorus::worker {

// What the run would do, as far as its configuration does not say it.
struct RunPlan {
  uint64_t log_fingerprint = 0;
  uint64_t planned_steps = 0;
};

// resume: the newest complete checkpoint of checkpoint.directory; "" when there is none. Error:
// kFailedPrecondition when it is another run's (names the fields that differ).
// Otherwise "". Error: kFailedPrecondition when the directory holds a complete checkpoint, which a
// new run would mix with its own.
Result<std::string> FindResumable(Session* session, bool resume, const RunPlan& plan);

// Loads warm_start.checkpoint as the initial state. Error: kFailedPrecondition when the log's
// columns or the optimizers are others than those it was made with.
Status WarmStart(Session* session);

}  // namespace chorus::worker
