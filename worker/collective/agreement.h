#pragma once
// What must be the same on every worker is compared before anything is computed from it: a host may
// hold a stale copy of a log, or another build of the program, under the same path.
// Thread safety: the trainer's thread.

#include <string>

#include "common/status.h"
#include "worker/collective/collective.h"

namespace chorus::worker {

// Every worker calls it with what it sees; `what` names that for the user. Error, the same on all
// workers: kFailedPrecondition, which names the first worker that differs from worker 0, both
// machines, and what both see.
Status CheckAgreement(const std::string& what, const std::string& seen, Collective* workers);

}  // namespace chorus::worker
