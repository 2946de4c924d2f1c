#pragma once
// A worker's part of each step, read and made ready ahead of its use by reader threads: grains,
// unique keys, positions, label counts. A step is one thread's work and a function of the log
// alone, so that their number changes nothing but the time. The queue is bounded; a full queue
// makes them wait. Thread safety: Next and Recycle from one thread (the trainer's).

#include <cstdint>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "common/mutex.h"
#include "common/status.h"
#include "worker/log/grain_reader.h"
#include "worker/objective/objective.h"
#include "worker/steps/sparse_lookup.h"
#include "worker/steps/stage_plan.h"

namespace chorus::worker {

struct StepBatch {
  uint64_t step = 0;
  uint32_t stage = 0;
  std::vector<Batch> grains;  // of this worker, in order; a grain past the log's end is empty
  std::vector<GrainPositions> positions;  // [grains]
  std::vector<TableKeys> keys;            // [table instances]; none in groups of later stages
  std::vector<SpaceWeights> spaces;       // [grains]
};

RowLabels LabelsOf(const Batch& batch);

struct StepReaderOptions {
  GrainRange grains;  // of this worker
  SlotTables slot_tables;
  uint32_t tables = 1;                   // configured tables
  const Objective* objective = nullptr;  // its groups repeat the keys, its sample is summed
  const StagePlan* stages = nullptr;     // of training; null: every step is of the last stage
  uint32_t shards = 64;
  uint64_t first_step = 1;
  uint64_t last_step = 0;  // inclusive
  uint32_t threads = 1;
  uint32_t ahead = 2;             // steps kept ready, beside one that each thread works on
  double deadline_seconds = 120;  // of one Next
};

class StepReader {
 public:
  // `plan`, objective and stages outlive the reader.
  StepReader(const ReadingPlan& plan, const StepReaderOptions& options);
  ~StepReader();  // stops and joins the reader threads

  // The next step's part, in order, from first_step to last_step. REQUIRES: called at most so many
  // times.
  Result<std::unique_ptr<StepBatch>> Next();
  void Recycle(std::unique_ptr<StepBatch> used);  // its memory serves a later step

  uint64_t keys_seen() const { return keys_seen_; }  // by what Next returned
  uint64_t keys_unique() const { return keys_unique_; }

 private:
  void ReadSteps(GrainReader* reader);
  Status ReadStep(GrainReader* reader, SparseLookup* lookup, StepBatch* batch) const;
  void RepeatKeys(StepBatch* batch) const;
  // Memory for the next step that nobody reads yet, named in it; null when there is none left.
  std::unique_ptr<StepBatch> ClaimStep();

  const ReadingPlan& plan_;
  const StepReaderOptions options_;
  Mutex mutex_;
  ConditionVariable changed_;
  std::map<uint64_t, Result<std::unique_ptr<StepBatch>>> ready_ GUARDED_BY(mutex_);  // by step
  std::vector<std::unique_ptr<StepBatch>> free_ GUARDED_BY(mutex_);
  uint64_t next_claimed_ GUARDED_BY(mutex_);
  uint64_t next_given_ GUARDED_BY(mutex_);  // by Next
  bool stop_ GUARDED_BY(mutex_) = false;
  uint64_t keys_seen_ = 0;
  uint64_t keys_unique_ = 0;
  std::vector<std::thread> threads_;  // last: they use all of the above
};

}  // namespace chorus::worker
