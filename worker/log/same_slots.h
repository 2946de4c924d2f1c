#pragma once
// Whether a model that was trained on one log can score another. Thread safety: pure function.

#include "common/status.h"
#include "worker/log/batch.h"

namespace chorus::worker {

// `model`: the schema of the log that the model was trained on. Error: kFailedPrecondition, the
// slots of the two logs (by name, key space and side) or their numeric columns (by name and
// normalisation) differ.
Status CheckSameSlots(const LogSchema& model, const LogSchema& log);

}  // namespace chorus::worker
