#include "worker/step_reader.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/check.h"

namespace chorus::worker {

RowLabels LabelsOf(const Batch& batch) {
  return {batch.click.data(), batch.conversion.data(),
          batch.weight.empty() ? nullptr : batch.weight.data(), batch.rows(), batch.row_id.data()};
}

StepReader::StepReader(const ReadingPlan& plan, const StepReaderOptions& options)
    : plan_(plan), options_(options) {
  thread_ = std::thread([this] { ReadSteps(); });
  pthread_setname_np(thread_.native_handle(), "chorus-reader");
}

StepReader::~StepReader() {
  {
    MutexLock lock(mutex_);
    stop_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

void StepReader::ReadSteps() {
  const std::unique_ptr<GrainReader> reader = plan_.NewReader(options_.grains);
  SparseLookup lookup(options_.slot_tables, options_.tables, options_.shards);
  for (uint64_t step = options_.first_step; step <= options_.last_step; ++step) {
    std::unique_ptr<StepBatch> batch = TakeFree();
    if (batch == nullptr) return;
    batch->step = step;
    batch->stage = options_.stages != nullptr ? options_.stages->StageOf(step)
                                              : options_.objective->shape().stages() - 1;
    const Status status = ReadStep(reader.get(), &lookup, batch.get());
    MutexLock lock(mutex_);
    if (status.ok()) {
      ready_.push_back(std::move(batch));
    } else {
      failure_ = status.Annotate(StrCat("reading step ", step));
      stop_ = true;
    }
    changed_.notify_all();
    if (stop_) return;
  }
}

std::unique_ptr<StepBatch> StepReader::TakeFree() {
  MutexLock lock(mutex_);
  while (!stop_ && ready_.size() >= options_.ahead) changed_.wait(mutex_);
  if (stop_) return nullptr;
  if (free_.empty()) return std::make_unique<StepBatch>();
  std::unique_ptr<StepBatch> batch = std::move(free_.back());
  free_.pop_back();
  return batch;
}

Status StepReader::ReadStep(GrainReader* reader, SparseLookup* lookup, StepBatch* batch) {
  const uint32_t grains = options_.grains.size();
  batch->grains.resize(grains);
  batch->spaces.resize(grains);
  for (uint32_t g = 0; g < grains; ++g) {
    RETURN_IF_ERROR(reader->Read(batch->step, options_.grains.begin + g, &batch->grains[g]));
    batch->spaces[g] = options_.objective->SumSpaces(LabelsOf(batch->grains[g]));
  }
  batch->keys.resize(options_.tables);
  lookup->Resolve(batch->grains, &batch->keys, &batch->positions);
  RepeatKeys(batch);
  return Status::Ok();
}

// The groups of this stage and of earlier ones look up the same keys, later ones none.
void StepReader::RepeatKeys(StepBatch* batch) const {
  const std::vector<Group>& groups = options_.objective->shape().groups;
  const TableKeys none = {{}, std::vector<uint32_t>(options_.shards, 0)};
  batch->keys.reserve(size_t{options_.tables} * groups.size());  // it copies its own elements
  for (size_t group = 1; group < groups.size(); ++group) {
    for (uint32_t table = 0; table < options_.tables; ++table) {
      batch->keys.push_back(groups[group].stage <= batch->stage ? batch->keys[table] : none);
    }
  }
  if (groups[0].stage > batch->stage) std::fill_n(batch->keys.begin(), options_.tables, none);
}

Result<std::unique_ptr<StepBatch>> StepReader::Next() {
  MutexLock lock(mutex_);
  const auto deadline = std::chrono::steady_clock::now() +
                        std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                            std::chrono::duration<double>(options_.deadline_seconds));
  while (ready_.empty() && failure_.ok()) {
    if (changed_.wait_until(mutex_, deadline) == std::cv_status::timeout && ready_.empty()) {
      return DeadlineExceeded(StrCat("the log reader gave no step within ",
                                     options_.deadline_seconds, " s: is the disk stuck?"));
    }
  }
  if (ready_.empty()) return failure_;
  std::unique_ptr<StepBatch> batch = std::move(ready_.front());
  ready_.pop_front();
  changed_.notify_all();
  for (const TableKeys& keys : batch->keys) keys_unique_ += keys.keys.size();
  for (const GrainPositions& grain : batch->positions) {
    for (const auto& column : grain.context) keys_seen_ += column.size();
    for (const auto& column : grain.exposure) keys_seen_ += column.size();
  }
  return batch;
}

void StepReader::Recycle(std::unique_ptr<StepBatch> used) {
  MutexLock lock(mutex_);
  free_.push_back(std::move(used));
}

}  // namespace chorus::worker
