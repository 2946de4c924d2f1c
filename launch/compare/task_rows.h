#pragma once
// The rows of a prediction task out of a score file: CTR on all exposures with label click, CVR on
// clicked ones with label conversion, CTCVR on all with label click and conversion.
// Thread safety: values.

#include <cstdint>
#include <vector>

#include "common/status.h"
#include "worker/scores.h"

namespace chorus::launch {

enum class Task { kCtr, kCvr, kCtcvr };

// [n] each, in log order.
struct TaskRows {
  std::vector<double> score;        // logit of pCTR or of pCVR; log of pCTCVR
  std::vector<double> probability;  // may exceed 1 (a ratio)
  std::vector<uint8_t> label;
  std::vector<uint32_t> row;  // number in the scores
};
TaskRows RowsOf(Task task, const worker::Scores& scores);

// `scores` with the pCTR of `common`. Error: kFailedPrecondition unless both are of the same log.
Result<worker::Scores> WithCommonCtr(worker::Scores scores, const worker::Scores& common);

// Both are of the same log: the same exposures with the same labels. Error: kFailedPrecondition.
Status CheckSameLog(const worker::Scores& a, const worker::Scores& b);

}  // namespace chorus::launch
