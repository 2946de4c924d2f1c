#pragma once
// Scores of several runs on one test log. Thread safety: pure functions.

#include "common/status.h"
#include "worker/scores.h"

namespace chorus::launch {

// Both are of the same log: the same exposures with the same labels. Error: kFailedPrecondition.
Status CheckSameLog(const worker::Scores& a, const worker::Scores& b);

// `scores` with the pCTR of `common`. Error: kFailedPrecondition unless both are of the same log.
Result<worker::Scores> WithCommonCtr(worker::Scores scores, const worker::Scores& common);

}  // namespace chorus::launch
