#pragma once
// Trains a model: the loop over steps that every worker runs. README.md in the project's root has
// its picture. Thread safety: one call per worker, from one thread; all workers of a job call it
// with the same configuration.

#include <optional>
#include <string>

#include "common/checkpoint.pb.h"
#include "common/config.pb.h"
#include "common/report.pb.h"
#include "common/status.h"
#include "worker/environment.h"

namespace chorus::worker {

struct TrainResult {
  uint64_t steps = 0;                    // of the whole run, resumed part included
  uint64_t trained_steps = 0;            // by this call
  uint64_t exposures = 0;                // in them, over all workers
  uint64_t log_rows = 0;                 // that an epoch trains; 0: the log grows
  double seconds = 0;                    // of the loop
  double loss = 0;                       // of the last step
  std::optional<Evaluation> evaluation;  // the last one; worker 0 only
  std::string checkpoint;                // folder of the last one; "" = none
  bool stopped = false;                  // because WorkerEnvironment::stop_requested said so
  bool stopped_early = false;            // because of checkpoint.patience
  std::optional<BestCheckpoint> best;    // of checkpoint.best; worker 0 only
  StepTimes times;
  uint64_t keys_seen = 0;  // by this worker, before and after making them unique
  uint64_t keys_unique = 0;
  uint64_t contexts_pooled = 0;
  uint64_t bytes_sent = 0;  // to servers
  uint64_t bytes_received = 0;
  uint64_t frames_sent = 0;
  uint64_t frames_received = 0;
  SumTraffic sums_sent;  // to other workers
};

// What a run continues of config.checkpoint.directory, if there is any.
enum class Resume {
  kNothing,
  kNewest,       // complete checkpoint; when it is damaged, the run ends with an error
  kNewestWhole,  // all of its files are checked first, and damaged ones are passed over
};

// REQUIRES: config comes from LoadTrainConfig.
Result<TrainResult> Train(const TrainConfig& config, Resume resume,
                          const WorkerEnvironment& environment);

}  // namespace chorus::worker
