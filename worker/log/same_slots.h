#pragma once
// Whether a model that was trained on one log can score another. Thread safety: pure function.

#include "common/status.h"
#include "worker/log/batch.h"

namespace chorus::worker {

// Error: kFailedPrecondition, the log has not the slots (by name, key space and side) and numeric
// columns (by name and normalisation) of the log that the model was trained on.
Status CheckSameSlots(const LogSchema& model, const LogSchema& log);

}  // namespace chorus::worker
