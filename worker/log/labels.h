#pragma once
// The labels of a log: whether it has those that some work needs, and how many a batch has. Thread
// safety: pure functions.

#include <cstdint>

#include "common/status.h"
#include "worker/log/batch.h"

namespace chorus::worker {

// Whether a log can be trained on or evaluated with. Error: kFailedPrecondition, the log was
// imported without labels. A log of clicks alone passes here: the objective decides whether it
// needs conversions.
Status CheckLabelled(const LogSchema& log);

// What a block's index entry says of its rows.
struct BatchLabels {
  uint32_t clicks = 0;
  uint32_t conversions = 0;            // of clicked rows
  uint32_t unclicked_conversions = 0;  // of the others
};
BatchLabels CountBatchLabels(const Batch& batch);

}  // namespace chorus::worker
