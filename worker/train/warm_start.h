#pragma once
// A run that begins with another run's model (warm_start.checkpoint). Thread safety: the trainer's
// thread.

#include "common/status.h"
#include "worker/train/session.h"

namespace chorus::worker {

// Loads what fits of warm_start.checkpoint as the initial state; worker 0 says what was taken, what
// begins anew and what was left. Every worker calls it. Error: kNotFound, or kFailedPrecondition
// when a numeric column is normalised otherwise or an optimizer's state would mean something else.
Status WarmStart(Session* session);

}  // namespace chorus::worker
