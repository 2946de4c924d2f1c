#pragma once
// The cost of frames on this machine, over the transport of a job. Thread safety: one call at a
// time; starts threads.

#include "common/status.h"
#include "launch/plan/plan.pb.h"

namespace chorus::launch {

// Sends empty frames one after the other, then large ones, over the loopback device, authenticated
// and then encrypted, and sets frame_seconds, frame_bytes and encrypted_bytes. Error: the
// transport's.
Status MeasureLoopback(PlanRates* rates);

}  // namespace chorus::launch
