#pragma once
// The counters of a rank, as a file for comparisons (counters.proto).
// Thread safety: Write is called once per rank, after its steps have ended.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/file.h"
#include "common/status.h"
#include "launch/job/counters.pb.h"
#include "launch/job/job.h"
#include "worker/environment.h"
#include "worker/train/trainer.h"

namespace chorus::launch {

class RankCounter {
 public:
  // Notes how long each step takes.
  void OnStep();
  // Notes the result of this rank's worker.
  void OnResult(uint32_t worker, const worker::TrainResult& result);
  // Writes DIR/rank-N.json. Makes the folder, which may be each host's own. Error: that of the
  // files.
  Status Write(FileSystem& files, const std::string& directory, const RankEnd& end) const;

 private:
  std::optional<WorkerCounters> worker_;
  std::vector<double> step_seconds_;
  std::optional<std::chrono::steady_clock::time_point> last_;
};

// Reads the counters of a job's ranks from DIR, by rank. Errors: kNotFound when there are none;
// kInvalidArgument, which names the file, when one has no counters.
Result<std::vector<RankCounters>> ReadCounters(FileSystem& files, const std::string& directory);

}  // namespace chorus::launch
