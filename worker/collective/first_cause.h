#pragma once
// How workers agree on what went wrong. Thread safety: the trainer's thread.

#include <string>

#include "common/status.h"
#include "worker/collective/collective.h"

namespace chorus::worker {

// The message of an error of some worker, if there is any, or ""; the same on every one of them,
// which all call it with their own status. The first by rank of those that are no consequence of
// another's, else the first.
Result<std::string> FirstCause(const Status& mine, Collective* workers);

}  // namespace chorus::worker
