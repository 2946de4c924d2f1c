#pragma once
// What launch gives a worker: its place in the job, and who hears of what it does.
// Thread safety: a value; the functions are called on the trainer's thread.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

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

struct WorkerEnvironment {
  FileSystem* files = nullptr;
  Collective* collective = nullptr;  // rank and size are the worker's
  std::function<Result<std::unique_ptr<PsClient>>(const PsClientOptions&,
                                                  const std::vector<TableSpec>&)>
      connect;
  // For compute.backend CUDA and AUTO; empty: this job has no devices.
  OpenDevice open_device;
  // Called before every step that Train does, on its thread; an error ends the run. May be empty.
  std::function<Status(uint64_t step)> before_step;
  // Called after every step that Train does, on its thread, with the times so far; may be empty.
  std::function<void(uint64_t step, const StepTimes& times)> on_step;
  // Called with every report of a run, of a step or of an evaluation; on worker 0 alone; may be
  // empty.
  std::function<void(const Report& report)> on_report;
  // Whether the run is to stop: asked once per step, on every worker; empty: it never is.
  std::function<bool()> stop_requested;
  // Called on worker 0 with the scores of the log of the last evaluation; empty: they are not
  // gathered. Set on every worker or on none.
  std::function<Status(const Scores& scores)> on_scores;
  // What progress lines begin with, where one process trains many models; "" = nothing.
  std::string label;
  // Who claims checkpoint.directory, as other jobs' errors name it; "" = this process, with its host
  // and command (common/process_name.h).
  std::string writer;
  // The number of the newest claim on checkpoint.directory at the moment at which the job took its
  // lock; empty: the job has no lock, and takes the number that is the next when it claims.
  std::optional<uint64_t> claims_before;
  // The token of the job's claim on checkpoint.directory (worker/train/checkpoint_claim.h), the same
  // on all workers; Train sets it in a copy of its own.
  std::string claim;
};

}  // namespace chorus::worker
