#pragma once
// How workers agree on what went wrong.
// Thread safety: the trainer's thread.

#include <string>

#include "common/status.h"
#include "worker/collective/collective.h"

namespace chorus::worker {

// The message of one worker's error, or "" if no worker has any. All workers call it, each with its
// own status, and all get the same message: that of the first worker, by rank, whose error is not
// the consequence of another's, else that of the first worker with an error.
Result<std::string> FirstCause(const Status& mine, Collective* workers);

}  // namespace chorus::worker
