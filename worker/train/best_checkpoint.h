#pragma once
// Which evaluation of a run is the best so far (checkpoint.best), and whether the run has waited
// long enough for a better one (checkpoint.patience). The answer is in a file beside the
// checkpoints, so that a resumed run goes on with it. Thread safety: the trainer's thread of worker
// 0.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "common/checkpoint.pb.h"
#include "common/file.h"
#include "common/report.pb.h"
#include "common/status.h"

namespace chorus::worker {

class BestTracker {
 public:
  // step: of the checkpoint that the run goes on from, 0 for a new run, which forgets what an
  // earlier one left. claim: the token of the job's claim (best_file.h). `files` outlives this.
  // Error: as ReadBest.
  static Result<BestTracker> Open(FileSystem& files, const CheckpointConfig& config, uint64_t step,
                                  const std::string& claim);

  bool enabled() const { return config_.best() != CheckpointConfig::NONE; }
  // Takes in an evaluation of the model after `step`, whose checkpoint is complete. One without the
  // metric (no click, say) is not better.
  Status Add(uint64_t step, const Evaluation& evaluation);

  uint64_t evaluated_step() const { return state_.evaluated_step(); }  // 0: none
  bool exhausted() const {
    return config_.patience() > 0 && state_.worse_since() >= config_.patience();
  }
  // Empty before the first evaluation that has the metric.
  std::optional<BestCheckpoint> best() const;

 private:
  BestTracker(FileSystem* files, const CheckpointConfig& config, std::string claim)
      : files_(files), config_(config), claim_(std::move(claim)) {}

  FileSystem* files_;
  CheckpointConfig config_;
  std::string claim_;
  BestCheckpoint state_;  // step 0: no best yet
};

// "CVR AUC".
std::string MetricName(CheckpointConfig::Best metric);
// Absent where the evaluation does not have it (no click, say).
std::optional<double> MetricValue(CheckpointConfig::Best metric, const Evaluation& evaluation);
bool IsBetter(CheckpointConfig::Best metric, double value, double than);

}  // namespace chorus::worker
