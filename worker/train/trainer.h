#pragma once
// Trains a model: the loop over steps that every worker runs. README.md in the project's root has
// its picture. Thread safety: one call a worker, from one thread; all workers of a job call it with
// the same configuration.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/config.pb.h"
#include "common/file.h"
#include "common/report.pb.h"
#include "common/status.h"
#include "worker/collective/collective.h"
#include "worker/device/device.h"
#include "worker/metrics/scores.h"
#include "worker/servers/ps_client.h"

namespace chorus::worker {

// Seconds that this worker's trainer thread spent in each part of its steps.
struct StepTimes {
  double read = 0;        // waiting for the reader thread (reading and dedup run there)
  double pull = 0;        // waiting for rows
  double compute = 0;     // pooling, towers, losses, backward
  double combine = 0;     // sparse gradients along the tree, and the frames
  double all_reduce = 0;  // waiting for the dense sum
  double optimizer = 0;
  double other = 0;  // reports, evaluation, checkpoints
};

// What launch gives a worker: its place in the job.
struct WorkerEnvironment {
  FileSystem* files = nullptr;
  Collective* collective = nullptr;  // rank and size are the worker's
  std::function<Result<std::unique_ptr<PsClient>>(const PsClientOptions&,
                                                  const std::vector<TableSpec>&)>
      connect;
  // For compute.backend CUDA and AUTO; empty: this job has no devices.
  OpenDevice open_device;
  // Called after every step that Train does, on its thread, with the times so far; may be empty.
  std::function<void(uint64_t step, const StepTimes& times)> on_step;
  // Called on worker 0 with the scores of the log of the last evaluation; empty: they are not
  // gathered. Set on every worker or on none.
  std::function<Status(const Scores& scores)> on_scores;
  // What progress lines begin with, where one process trains many models; "" = nothing.
  std::string label;
};

struct TrainResult {
  uint64_t steps = 0;                    // of the whole run, resumed part included
  uint64_t exposures = 0;                // trained by this call, over all workers
  double seconds = 0;                    // of the loop
  double loss = 0;                       // of the last step
  std::optional<Evaluation> evaluation;  // the last one; worker 0 only
  std::string checkpoint;                // folder of the last one; "" = none
  StepTimes times;
  uint64_t keys_seen = 0;  // by this worker, before and after making them unique
  uint64_t keys_unique = 0;
  uint64_t contexts_pooled = 0;
  uint64_t bytes_sent = 0;  // to servers
  uint64_t bytes_received = 0;
};

// REQUIRES: config comes from LoadTrainConfig. resume: continue from the newest complete checkpoint
// of config.checkpoint.directory if there is one.
Result<TrainResult> Train(const TrainConfig& config, bool resume,
                          const WorkerEnvironment& environment);

}  // namespace chorus::worker
