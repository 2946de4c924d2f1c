#include "worker/steps/step_reader.h"

#include <chrono>
#include <utility>

#include "common/check.h"
#include "common/shortage.h"
#include "common/strings.h"
#include "common/thread.h"
#include "common/trace.h"

namespace chorus::worker {

StepReader::StepReader(const ReadingPlan& plan, const StepReaderOptions& options)
    : options_(options), next_claimed_(options.first_step), next_given_(options.first_step) {
  CHECK(options.threads >= 1, "threads=", options.threads);
  for (std::unique_ptr<GrainReader>& reader : plan.NewReaders(options.grains, options.threads)) {
    Result<std::thread> thread = StartThread(
        "chorus-reader",
        StrCat("compute.reader_threads: thread ", threads_.size() + 1, " of ", options.threads),
        [this, own = std::shared_ptr(std::move(reader))] { ReadSteps(own.get()); });
    if (!thread.ok()) {
      MutexLock lock(mutex_);
      stop_ = true;
      start_error_ = thread.status();
      break;
    }
    threads_.push_back(std::move(*thread));
  }
}

StepReader::~StepReader() {
  {
    MutexLock lock(mutex_);
    stop_ = true;
    changed_.notify_all();
  }
  for (std::thread& thread : threads_) thread.join();
}

void StepReader::ReadSteps(GrainReader* reader) {
  StepLookup lookup(options_.slot_reads, options_.tables, options_.shards, options_.objective);
  while (std::unique_ptr<StepBatch> batch = ClaimStep()) {
    const uint64_t step = batch->step;
    Status status;
    try {
      status = ReadStep(reader, &lookup, batch.get());
    } catch (const std::exception& error) {
      status = StatusOfException(error);
    }
    MutexLock lock(mutex_);
    if (status.ok()) {
      ready_.emplace(step, std::move(batch));
    } else {
      // Other threads end the steps that they have claimed, so that Next returns all steps before
      // the failed one, and then the error.
      ready_.emplace(step, status.Annotate(StrCat("reading step ", step)));
      stop_ = true;
    }
    changed_.notify_all();
  }
}

std::unique_ptr<StepBatch> StepReader::ClaimStep() {
  MutexLock lock(mutex_);
  // Steps that are ready and steps in work are both between next_given_ and next_claimed_.
  while (!stop_ && next_claimed_ <= options_.last_step &&
         next_claimed_ - next_given_ >= options_.ahead + options_.threads) {
    changed_.wait(mutex_);
  }
  if (stop_ || next_claimed_ > options_.last_step) return nullptr;
  std::unique_ptr<StepBatch> batch;
  if (free_.empty()) {
    batch = std::make_unique<StepBatch>();
  } else {
    batch = std::move(free_.back());
    free_.pop_back();
  }
  batch->step = next_claimed_++;
  return batch;
}

Status StepReader::ReadStep(GrainReader* reader, StepLookup* lookup, StepBatch* batch) const {
  batch->stage = options_.stages != nullptr ? options_.stages->StageOf(batch->step)
                                            : options_.objective->shape().stages() - 1;
  const uint32_t grains = options_.grains.size();
  batch->grains.resize(grains);
  {
    const TraceSpan span("read grains", "step", batch->step);
    for (uint32_t g = 0; g < grains; ++g) {
      RETURN_IF_ERROR(reader->Read(batch->step, options_.grains.begin + g, &batch->grains[g]));
    }
  }
  const TraceSpan span("unique keys", "step", batch->step);
  lookup->Resolve(batch);
  return Status::Ok();
}

Result<std::unique_ptr<StepBatch>> StepReader::Next() {
  MutexLock lock(mutex_);
  RETURN_IF_ERROR(start_error_);
  const auto deadline = std::chrono::steady_clock::now() +
                        std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                            std::chrono::duration<double>(options_.deadline_seconds));
  while (!ready_.contains(next_given_)) {
    if (changed_.wait_until(mutex_, deadline) == std::cv_status::timeout &&
        !ready_.contains(next_given_)) {
      return DeadlineExceeded(StrCat("the log reader gave no step within ",
                                     options_.deadline_seconds, " s: is the disk stuck?"));
    }
  }
  const auto found = ready_.find(next_given_);
  if (!found->second.ok()) return found->second.status();  // stays there, for later calls
  std::unique_ptr<StepBatch> batch = std::move(found->second).value();
  ready_.erase(found);
  ++next_given_;
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
