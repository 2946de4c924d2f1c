#pragma once
// The cost of a step of a job on clusters of several sizes: ModelJob reads steps of a log, runs one
// worker's part dry, and counts what all workers' parts have in common. Thread safety: functions of
// their arguments.

#include <cstdint>
#include <string>

#include "common/config.pb.h"
#include "common/file.h"
#include "common/status.h"
#include "launch/gpu/step_data.h"
#include "perf/gpu_model/prediction.h"
#include "perf/support/random_log.h"

namespace chorus::perf {

struct JobModelOptions {
  uint32_t gpus = 1;   // each computes as many grains as the config's step has
  uint32_t steps = 4;  // to read; the last one is counted
  uint32_t stage = 0;
};

struct JobModel {
  gpu::StepShape shape;  // of one worker
  StepWork work;         // traffic of one server; see AddTraffic
  gpu::StepData data;
  gpu::DryRun dry;
  TrainConfig config;  // of all workers' step
};

// Error: kInvalidArgument when a GPU's part is no power of two times as large as the config's, or
// the log does not fill the steps that are counted.
Result<JobModel> ModelJob(const TrainConfig& config, FileSystem& files,
                          const JobModelOptions& options);
// Sets model->work.traffic for this number of servers.
Status AddTraffic(uint32_t gpus, uint32_t servers, JobModel* model);

// The rows that a random log needs so that each of the job's grains is full in options.steps steps.
uint64_t RandomLogRows(const TrainConfig& config, const JobModelOptions& options);

}  // namespace chorus::perf
