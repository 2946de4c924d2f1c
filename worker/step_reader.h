#pragma once
// A worker's part of each step, read and made ready ahead of its use by one reader thread: grains,
// unique keys, positions, label counts. The queue is bounded; a full queue makes the reader wait.
// Thread safety: Next and Recycle from one thread (the trainer's).

#include <cstdint>
#include <deque>
#include <memory>
#include <thread>
#include <vector>

#include "common/mutex.h"
#include "common/status.h"
#include "worker/log/grain_reader.h"
#include "worker/objective.h"
#include "worker/sparse_lookup.h"
#include "worker/stage_plan.h"

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
  uint64_t last_step = 0;         // inclusive
  uint32_t ahead = 2;             // steps kept ready
  double deadline_seconds = 120;  // of one Next
};

class StepReader {
 public:
  // `plan`, objective and stages outlive the reader.
  StepReader(const ReadingPlan& plan, const StepReaderOptions& options);
  ~StepReader();  // stops and joins the reader thread

  // The next step's part, in order, from first_step to last_step. REQUIRES: called at most so many
  // times.
  Result<std::unique_ptr<StepBatch>> Next();
  void Recycle(std::unique_ptr<StepBatch> used);  // its memory serves a later step

  uint64_t keys_seen() const { return keys_seen_; }  // by what Next returned
  uint64_t keys_unique() const { return keys_unique_; }

 private:
  void ReadSteps();
  Status ReadStep(GrainReader* reader, SparseLookup* lookup, StepBatch* batch);
  void RepeatKeys(StepBatch* batch) const;
  std::unique_ptr<StepBatch> TakeFree();

  const ReadingPlan& plan_;
  const StepReaderOptions options_;
  Mutex mutex_;
  ConditionVariable changed_;
  std::deque<std::unique_ptr<StepBatch>> ready_ GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<StepBatch>> free_ GUARDED_BY(mutex_);
  Status failure_ GUARDED_BY(mutex_);
  bool stop_ GUARDED_BY(mutex_) = false;
  uint64_t keys_seen_ = 0;
  uint64_t keys_unique_ = 0;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace chorus::worker
