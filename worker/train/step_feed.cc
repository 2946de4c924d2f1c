#include "worker/train/step_feed.h"

#include <utility>
#include <vector>

namespace chorus::worker {
namespace {

StepReaderOptions ReaderOptions(const Session& session, const TrainingData& data,
                                uint64_t first_step) {
  StepReaderOptions options = session.reader_options();
  options.stages = &data.stages;
  options.first_step = first_step;
  options.last_step = data.last_pulled;
  return options;
}

}  // namespace

StepFeed::StepFeed(Session* session, const TrainingData& data, uint64_t first_step)
    : session_(*session),
      data_(data),
      reader_(*data.plan, ReaderOptions(*session, data, first_step)),
      rows_in_(first_step - 1) {}

Result<StepBatch*> StepFeed::BatchOf(uint64_t step) {
  while (batches_.empty() || batches_.back()->step < step) {
    ASSIGN_OR_RETURN(std::unique_ptr<StepBatch> batch, reader_.Next());
    batches_.push_back(std::move(batch));
  }
  return batches_[step - batches_.front()->step].get();
}

Status StepFeed::Send(uint64_t step, std::unique_ptr<StepGradients> gradients,
                      const SnapshotRequest* snapshot) {
  if (is_pulled(step)) {
    ASSIGN_OR_RETURN(StepBatch* const batch, BatchOf(step));
    return session_.client().Send(step, batch->keys, std::move(gradients), snapshot);
  }
  return SendNoKeys(&session_, step, std::move(gradients), snapshot);
}

Status StepFeed::WaitForRows(uint64_t step) {
  for (; rows_in_ < step; ++rows_in_) {
    ASSIGN_OR_RETURN(std::shared_ptr<const PulledRows> rows, session_.client().Wait(rows_in_ + 1));
    rows_.push_back(std::move(rows));
  }
  return Status::Ok();
}

std::shared_ptr<const PulledRows> StepFeed::TakeRows() {
  std::shared_ptr<const PulledRows> rows = std::move(rows_.front());
  rows_.pop_front();
  return rows;
}

void StepFeed::Recycle() {
  reader_.Recycle(std::move(batches_.front()));
  batches_.pop_front();
}

Status SendNoKeys(Session* session, uint64_t step, std::unique_ptr<StepGradients> gradients,
                  const SnapshotRequest* snapshot) {
  TableKeys none;
  none.shard_counts.assign(session->config().cluster().shards(), 0);
  const std::vector<TableKeys> no_keys(session->tables().size(), none);
  return session->client().Send(step, no_keys, std::move(gradients), snapshot);
}

}  // namespace chorus::worker
