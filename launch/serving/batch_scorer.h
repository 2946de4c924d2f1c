#pragma once
// Predictions of an exported model for the exposures of a log, on the caller's thread. Thread
// safety: none.

#include <memory>
#include <vector>

#include "common/status.h"
#include "launch/serving/served_model.h"
#include "worker/log/batch.h"
#include "worker/objective/prediction.h"

namespace chorus::launch {

class BatchScorer {
 public:
  static constexpr uint32_t kMostRows = 256;  // of a batch

  // `model` outlives the scorer. Error: kFailedPrecondition when this CPU lacks what the precision
  // of the training's products needs.
  static Result<std::unique_ptr<BatchScorer>> Create(const ServedModel& model);
  virtual ~BatchScorer() = default;
  // batch: at most kMostRows exposures, with the columns of the model's log. Error:
  // kFailedPrecondition when a logit is not finite.
  virtual Status Score(const worker::Batch& batch, std::vector<worker::Prediction>* out) = 0;
};

}  // namespace chorus::launch
