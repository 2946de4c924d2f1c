#pragma once
// Whether a log has the labels that some work needs. Thread safety: pure function.

#include "common/status.h"
#include "worker/log/batch.h"

namespace chorus::worker {

// For training and evaluation. Error: kFailedPrecondition, the log was imported without labels.
// A log of clicks alone passes: what does without conversions is the objective's to say.
Status CheckLabelled(const LogSchema& log);

}  // namespace chorus::worker
