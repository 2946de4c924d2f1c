#pragma once
// A wait for something long that worker 0 does. Thread safety: the trainer's thread.

#include <functional>

#include "common/status.h"
#include "worker/collective/collective.h"

namespace chorus::worker {

// Every worker calls it and returns when worker 0's `ended` is true. Worker 0 tells the others at
// least every second that it goes on, so that no wait of theirs is as long as the whole.
//   deadline_seconds: cluster.deadline_seconds.
//   ended: waits up to `seconds`, and says whether it is over; called on worker 0 alone.
Status WaitForFirst(Collective* collective, double deadline_seconds,
                    const std::function<Result<bool>(double seconds)>& ended);

}  // namespace chorus::worker
