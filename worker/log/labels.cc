#include "worker/log/labels.h"

namespace chorus::worker {

Status CheckLabelled(const LogSchema& log) {
  if (log.has_click) return Status::Ok();
  return FailedPrecondition(
      "the log has no labels (it was imported with --unlabelled): it can be predicted, not trained "
      "or evaluated on");
}

BatchLabels CountBatchLabels(const Batch& batch) {
  BatchLabels labels;
  for (uint32_t row = 0; row < batch.rows(); ++row) {
    labels.clicks += batch.click[row];
    labels.conversions += batch.click[row] & batch.conversion[row];
    labels.unclicked_conversions += (batch.click[row] ^ 1) & batch.conversion[row];
  }
  return labels;
}

}  // namespace chorus::worker
