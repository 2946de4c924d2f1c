#pragma once
// What a rank has counted, as a file for whoever compares: counters.proto.
// Thread safety: one call of Write a rank, once its steps have ended.

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
  // What the worker of this rank did.
  void OnResult(uint32_t worker, const worker::TrainResult& result);
  // DIR/rank-N.json. Makes the folder, which may be each host's own. Error: that of the files.
  Status Write(FileSystem& files, const std::string& directory, const RankEnd& end) const;

 private:
  std::optional<WorkerCounters> worker_;
  std::vector<double> step_seconds_;
  std::optional<std::chrono::steady_clock::time_point> last_;
};

// Files of a job's ranks in DIR, by rank. Errors: kNotFound, there are none; kInvalidArgument,
// names the file that is none.
Result<std::vector<RankCounters>> ReadCounters(FileSystem& files, const std::string& directory);

}  // namespace chorus::launch
