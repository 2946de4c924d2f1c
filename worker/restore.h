#pragma once
// Which checkpoint a run may continue from, and whether it fits the run. Every worker calls these;
// worker 0 looks and tells the others. Thread safety: the trainer's thread.

#include <string>

#include "common/status.h"
#include "worker/session.h"

namespace chorus::worker {

// The newest complete checkpoint of checkpoint.directory; "" when there is none or `resume` is
// false. Error: kFailedPrecondition when its configuration or log is another (names the fields that
// differ).
Result<std::string> FindResumable(Session* session, bool resume, uint64_t log_fingerprint);

// Loads warm_start.checkpoint as the initial state.
Status WarmStart(Session* session);

}  // namespace chorus::worker
