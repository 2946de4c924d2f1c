#pragma once
// Which checkpoint a run may continue from, and whether it fits the run.
// Thread safety: the trainer's thread; CheckResumable is a pure function.

#include <string>

#include "common/checkpoint.pb.h"
#include "common/config.pb.h"
#include "common/status.h"
#include "worker/environment.h"
#include "worker/log/log_reader.h"
#include "worker/train/trainer.h"

namespace chorus::worker {

// What the run would do, as far as its configuration does not say it.
struct RunPlan {
  const LogReader* log = nullptr;  // that is trained on; null: one that is followed (FollowedLog)
  uint64_t planned_steps = 0;
};

// Error: kFailedPrecondition when the checkpoint is another run's: it was made with another
// configuration (names the fields that differ), on another log, or for another number of steps
// where rates depend on that.
Status CheckResumable(const std::string& checkpoint, const CheckpointManifest& manifest,
                      const TrainConfig& config, const RunPlan& plan);

// The checkpoint of checkpoint.directory that `resume` asks for; "" when there is none. Error:
// that of CheckResumable. Every worker calls it; worker 0 looks and tells the others.
// kNothing: "". Error: kFailedPrecondition when the directory holds a complete checkpoint, which a
// new run would mix with its own.
Result<std::string> FindResumable(const TrainConfig& config, Resume resume, const RunPlan& plan,
                                  const WorkerEnvironment& environment);
// The manifest of `folder` on every worker, read by worker 0.
Result<CheckpointManifest> ShareManifest(const std::string& folder,
                                         const WorkerEnvironment& environment);
// "", or that this run computes on another kind of device than the checkpoint's did.
std::string DoubtOfDevice(const std::string& folder, const CheckpointManifest& manifest,
                          const std::string& computes_on);

}  // namespace chorus::worker
