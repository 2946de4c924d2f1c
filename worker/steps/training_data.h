#pragma once
// What a job trains on: the log, its reading order, the stages of the method, and the last step.
// Thread safety: read-only.

#include <cstdint>
#include <memory>
#include <string>

#include "common/config.pb.h"
#include "common/file.h"
#include "common/status.h"
#include "worker/log/grain_reader.h"
#include "worker/log/log_reader.h"
#include "worker/objective/base_rate.h"
#include "worker/steps/stage_plan.h"

namespace chorus::worker {

// The reading order of a training job. Every stage reads the log data.epochs times.
ReadingOptions TrainingOrder(const TrainConfig& config, uint32_t stages);

struct TrainingData {
  std::unique_ptr<LogReader> log;
  std::unique_ptr<ReadingPlan> plan;  // of `log`
  StagePlan stages;
  LabelCounts labels;  // of an epoch
  uint64_t last_step = 0;
  // The last step whose rows are pulled. With pull_ahead it is behind last_step even where
  // data.max_steps ends training, so that a checkpoint does not depend on where its run was to end.
  uint64_t last_pulled = 0;
  // One file of a log that is followed (data.follow_seconds), or none.
  bool followed = false;
  bool goes_on = false;  // other files may come behind it: last_step is not that of the run

  bool IsLastOfRun(uint64_t step) const { return step == last_step && !goes_on; }
  uint64_t EpochOf(uint64_t step) const {  // from 0, of all stages
    return followed ? 0 : plan->epoch_of_step(step);
  }
};

// Error: that of LogReader::Open, MakeObjective or ReadingPlan::Make.
Result<TrainingData> OpenTrainingData(const TrainConfig& config, FileSystem& files);
// Whether a job can follow its log (data.follow_seconds), whose files are then trained one by one.
// Error: kInvalidArgument, the method needs the whole log, or data.log is no single folder.
Status CheckFollowable(const TrainConfig& config);
struct FilePlace {
  uint64_t files_before = 0;  // in the run
  uint64_t steps_before = 0;
};
// Opens one of the files of a log that is followed. A file without rows that are kept has no steps;
// the first file of a run needs some.
Result<TrainingData> OpenFollowedFile(const TrainConfig& config, std::unique_ptr<LogReader> log,
                                      const FilePlace& place);
// The data while there is no file: `done_steps` are trained, and the next file has not come. None
// is to come when done_steps are data.max_steps.
TrainingData BetweenFiles(const TrainConfig& config, uint64_t done_steps);

// Logs what is read and what is dropped. Warns when labels are all alike, when data.max_steps ends
// training before the last stage, when blocks are too few for a step's grains, when the log is
// sorted and steps are drawn from a small part of it, and when sequences side by side differ in
// length.
void Announce(const TrainConfig& config, const TrainingData& data, uint32_t workers);

// "" unless a step of the shuffled order has more grains than the log has blocks, and that matters:
// several workers, which share the grains, have less to do for it, or over half of them are empty.
std::string DoubtOfBlocks(size_t blocks, uint32_t workers, const TrainConfig& config);

}  // namespace chorus::worker
