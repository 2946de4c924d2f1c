#include "worker/log/labels.h"

namespace chorus::worker {

Status CheckLabelled(const LogSchema& log) {
  if (log.has_click) return Status::Ok();
  return FailedPrecondition(
      "the log has no labels (it was imported with --unlabelled): it can be predicted, not trained "
      "or evaluated on");
}

}  // namespace chorus::worker
