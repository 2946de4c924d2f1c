#pragma once
// report.trace on one rank: the spans of its threads are recorded while the chosen steps are
// trained; then all ranks send them to rank 0, which writes the file. A rank with only a server
// records from the frame of the first of these steps to the frame that brings the gradients of the
// last. Clocks are compared when the parts are sent (clock_offsets.h), so that drift since the
// start does not count. A trace that cannot be written is a warning: no run ends for it.
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

// Both are by rank. Only rank 0 needs the parts; on other ranks they may be missing.
struct CollectedTrace {
  std::vector<TracePart> parts;
  std::vector<ClockOffset> clocks;
};

class JobTrace {
 public:
  // Which rank this is. The first rank writes the file, and takes its place when the trace is
  // opened.
  struct Who {
    uint32_t rank = 0;
    std::string role;  // "server 0 and worker 0"
    std::string node;
    bool trains = false;  // has a worker
  };
  // Null where the job has no trace. Call it before the start of the threads that are to have
  // tracks. Error: kFailedPrecondition, which names the field, when the file is another's or is no
  // trace.
  static Result<std::unique_ptr<JobTrace>> Open(FileSystem& files, const TrainConfig& config,
                                                const Who& who);
  ~JobTrace();

  // Waits for all ranks and gets the part of each; own() gives this rank's part and is called when
  // all have come. Every rank calls it at the same point of the job. The default is for a job
  // without other ranks.
  using Collect = std::function<Result<CollectedTrace>(const std::function<TracePart()>& own)>;
  void SetCollect(Collect collect) { collect_ = std::move(collect); }

  // `environment` with tracing of its steps. The trace outlives it.
  worker::WorkerEnvironment Traced(worker::WorkerEnvironment environment);
  // To be called when a server has got all frames of a step, in order of steps, on ranks without a
  // worker.
  void BeginServerStep(uint64_t step);
  // To be called at the end of the job, or on a rank with only a server when it begins to serve:
  // waits for the other ranks and sends the part, unless that is done.
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
  const uint64_t last_step_;  // the last one that is traced
  const uint64_t pull_ahead_;
  std::shared_ptr<TraceLog> log_;     // null once the part was collected
  const uint64_t without_track_;      // TraceSpansWithoutTrack before the log
  std::unique_ptr<OutputFile> file_;  // of rank 0
  Collect collect_;
  Mutex mutex_;  // before TraceLog's
  TraceWindow window_ GUARDED_BY(mutex_);
  uint64_t first_begun_ = 0;  // of a worker's steps
  uint64_t last_begun_ = 0;
  bool collected_ = false;
};

}  // namespace chorus::launch
