#pragma once
// What a worker's steps are made from, ahead of the step that is trained: batches are read in
// order, the keys of a step go to the servers together with the gradients of an earlier one, and
// the replies are kept until their step comes. Thread safety: the trainer's thread.

#include <cstdint>
#include <deque>
#include <memory>

#include "common/status.h"
#include "worker/servers/ps_client.h"
#include "worker/steps/step_reader.h"
#include "worker/steps/training_data.h"
#include "worker/train/session.h"

namespace chorus::worker {

class StepFeed {
 public:
  // Reads from first_step on. `session` and `data` outlive the feed.
  StepFeed(Session* session, const TrainingData& data, uint64_t first_step);

  // The batch of a step, read if it has not been; steps in order. It lives until Recycle.
  Result<StepBatch*> BatchOf(uint64_t step);
  // Sends the keys of `step`, none behind the last step that is pulled, with gradients and a
  // snapshot's request; both may be null. REQUIRES: steps in order, BatchOf(step) has been called
  // where the step is pulled.
  Status Send(uint64_t step, std::unique_ptr<StepGradients> gradients,
              const SnapshotRequest* snapshot);
  bool is_pulled(uint64_t step) const { return step <= data_.last_pulled; }
  // Waits until the replies to all steps up to this one are in.
  Status WaitForRows(uint64_t step);
  // The rows of the next step to be trained. REQUIRES: WaitForRows of that step.
  std::shared_ptr<const PulledRows> TakeRows();
  void Recycle();  // the oldest batch: its step is trained

  const StepReader& reader() const { return reader_; }

 private:
  Session& session_;
  const TrainingData& data_;
  StepReader reader_;
  std::deque<std::unique_ptr<StepBatch>> batches_;  // read, not yet trained; front = the next step
  std::deque<std::shared_ptr<const PulledRows>> rows_;  // replies that are in, not yet used
  uint64_t rows_in_;                                    // the last step whose reply is in
};

// The frame of a step without keys, such as one behind the last that is pulled.
Status SendNoKeys(Session* session, uint64_t step, std::unique_ptr<StepGradients> gradients,
                  const SnapshotRequest* snapshot);

}  // namespace chorus::worker
