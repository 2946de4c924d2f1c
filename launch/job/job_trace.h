#pragma once
// report.trace on one rank: what its threads do is recorded while the chosen steps are trained, and
// once these are done all ranks tell rank 0, which writes the file. Servers alone record from the
// frame of the first of these steps to that which brings the gradients of the last. Clocks are
// compared when parts are told (clock_offsets.h), so that no drift since the start counts. A trace
// that cannot be written is a warning: no run ends for it.
// Thread safety: the thread that opened it; BeginServerStep from any.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/config.pb.h"
#include "common/file.h"
#include "common/mutex.h"
#include "common/output_file.h"
#include "common/status.h"
#include "common/trace.h"
#include "launch/job/clock_offsets.h"
#include "launch/job/trace_part.pb.h"
#include "worker/environment.h"

namespace chorus::launch {

// [rank] both. Parts are rank 0's to know; of other ranks they may be missing.
struct CollectedTrace {
  std::vector<TracePart> parts;
  std::vector<ClockOffset> clocks;
};

class JobTrace {
 public:
  // Which rank this is: the first one writes the file, whose place is taken now.
  struct Who {
    uint32_t rank = 0;
    std::string role;  // "server 0 and worker 0"
    std::string node;
    bool trains = false;  // has a worker
  };
  // Null where the job has no trace. Call it before the threads that are to have tracks begin.
  // Error: kFailedPrecondition, the file is another's or no trace; names the field.
  static Result<std::unique_ptr<JobTrace>> Open(FileSystem& files, const TrainConfig& config,
                                                const Who& who);
  ~JobTrace();

  // Waits for all ranks and gets the parts of each, where own() gives this rank's, when all have
  // come. Every rank calls it at the same point of the job. Default: there is no other rank.
  using Collect = std::function<Result<CollectedTrace>(const std::function<TracePart()>& own)>;
  void SetCollect(Collect collect) { collect_ = std::move(collect); }

  // `environment` whose steps are traced. The trace outlives it.
  worker::WorkerEnvironment Traced(worker::WorkerEnvironment environment);
  // When a server has got all frames of a step, in order of steps. Only where no worker is.
  void BeginServerStep(uint64_t step);
  // At the end of the job, or where only a server is when it begins to serve: waits for the others
  // and tells, unless that is done.
  Status Finish();

 private:
  JobTrace(const TrainConfig& config, const Who& who);
  Status BeginStep(uint64_t step);
  Status CollectAndWrite();
  TracePart OwnPart();
  Status Write(const CollectedTrace& all);
  void Close();

  const TraceConfig config_;
  const Who who_;
  const uint64_t last_step_;  // that is traced
  const uint64_t pull_ahead_;
  std::shared_ptr<TraceLog> log_;     // null once it has been told
  const uint64_t without_track_;      // before it
  std::unique_ptr<OutputFile> file_;  // of rank 0
  Collect collect_;
  Mutex mutex_;  // before TraceLog's
  TraceWindow window_ GUARDED_BY(mutex_);
  uint64_t first_begun_ = 0;  // of the steps of a worker
  uint64_t last_begun_ = 0;
  bool collected_ = false;
};

}  // namespace chorus::launch
