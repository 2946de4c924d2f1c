#pragma once
// Evaluations on logs of clicks alone, of whose conversions nothing is known. Thread safety: pure
// function.

#include "common/report.pb.h"

namespace chorus::worker {

// Leaves out what was counted as if no click had converted: the tasks cvr and ctcvr, and what is
// measured of pCVR. What a generated world's truth says stays.
void LeaveOutConversions(Evaluation* evaluation);

}  // namespace chorus::worker
