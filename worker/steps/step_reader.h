#pragma once
// Reader threads that prepare a worker's part of each step ahead of its use: grains, unique keys,
// positions, label counts. One thread prepares a step, as a function of the log alone, so that the
// number of threads changes no result. The queue is bounded; the threads wait when it is full.
// Thread safety: Next and Recycle from one thread (the trainer's).

#include <cstdint>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "common/mutex.h"
#include "common/status.h"
#include "worker/log/grain_reader.h"
#include "worker/objective/objective.h"
#include "worker/steps/stage_plan.h"
#include "worker/steps/step_batch.h"
#include "worker/steps/step_lookup.h"

namespace chorus::worker {

struct StepReaderOptions {
  GrainRange grains;  // of this worker
  SlotReads slot_reads;
  uint32_t tables = 1;  // configured tables
  // Each of its groups looks up the keys; its label counts are summed.
  const Objective* objective = nullptr;
  const StagePlan* stages = nullptr;  // of training; null: every step is of the last stage
  uint32_t shards = 64;
  uint64_t first_step = 1;
  uint64_t last_step = 0;  // inclusive
  uint32_t threads = 1;
  uint32_t ahead = 2;             // steps that are kept ready, besides those in work
  double deadline_seconds = 120;  // of one call of Next
};

class StepReader {
 public:
  // `plan`, options.objective and options.stages must outlive the reader.
  StepReader(const ReadingPlan& plan, const StepReaderOptions& options);
  ~StepReader();  // stops and joins the reader threads

  // The next step's part, in order, from first_step to last_step. REQUIRES: it is called at most
  // once for each of these steps. Error: that of the log, for this and every later call;
  // kDeadlineExceeded; kResourceExhausted, the system does not give the threads.
  Result<std::unique_ptr<StepBatch>> Next();
  void Recycle(std::unique_ptr<StepBatch> used);  // the memory of `used` serves a later step

  // In all that Next has returned: keys of grains, and unique keys over all table instances.
  uint64_t keys_seen() const { return keys_seen_; }
  uint64_t keys_unique() const { return keys_unique_; }

 private:
  void ReadSteps(GrainReader* reader);
  Status ReadStep(GrainReader* reader, StepLookup* lookup, StepBatch* batch) const;
  // Waits for room in the queue and claims the next step: returns memory for it, with its number
  // set. Null when no step is left, or reading stops.
  std::unique_ptr<StepBatch> ClaimStep();

  const StepReaderOptions options_;
  Mutex mutex_;
  ConditionVariable changed_;
  std::map<uint64_t, Result<std::unique_ptr<StepBatch>>> ready_ GUARDED_BY(mutex_);  // by step
  std::vector<std::unique_ptr<StepBatch>> free_ GUARDED_BY(mutex_);
  uint64_t next_claimed_ GUARDED_BY(mutex_);
  uint64_t next_given_ GUARDED_BY(mutex_);  // by Next
  bool stop_ GUARDED_BY(mutex_) = false;
  Status start_error_ GUARDED_BY(mutex_);  // of a thread that could not be had
  uint64_t keys_seen_ = 0;
  uint64_t keys_unique_ = 0;
  std::vector<std::thread> threads_;  // last: they use all members above
};

}  // namespace chorus::worker
