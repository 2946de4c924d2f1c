#pragma once
// What a job trains on: its log, the order in which that is read, the stages of its method, and
// where training ends. Thread safety: read-only.

#include <cstdint>
#include <memory>

#include "common/config.pb.h"
#include "common/file.h"
#include "common/status.h"
#include "worker/log/grain_reader.h"
#include "worker/log/log_reader.h"
#include "worker/objective/base_rate.h"
#include "worker/steps/stage_plan.h"

namespace chorus::worker {

// Every stage reads the log data.epochs times.
ReadingOptions TrainingOrder(const TrainConfig& config, uint32_t stages);

struct TrainingData {
  std::unique_ptr<LogReader> log;
  std::unique_ptr<ReadingPlan> plan;  // of `log`
  StagePlan stages;
  LabelCounts labels;  // of an epoch
  uint64_t last_step = 0;
  // The last step whose rows are pulled: ahead past data.max_steps, too, so that a checkpoint does
  // not tell where its run was to end.
  uint64_t last_pulled = 0;
};

// Error: that of the log or of its plan.
Result<TrainingData> OpenTrainingData(const TrainConfig& config, FileSystem& files);
// Tells the user what is read and dropped, and what data.max_steps or a log of few blocks leaves
// out.
void Announce(const TrainConfig& config, const TrainingData& data);

}  // namespace chorus::worker
