#pragma once
// A log that grows while it is trained (data.follow_seconds): the *.log files of one folder, each of
// which appears whole, under its name, and stays as it is. Each is trained once, in the order of
// their names; no step spans two. So what a run computes depends on the files alone, and not on
// when they came. Worker 0 looks for them, and all workers open the same.
// Thread safety: the trainer's thread; every worker makes the same calls.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/checkpoint.pb.h"
#include "common/config.pb.h"
#include "common/status.h"
#include "worker/environment.h"
#include "worker/log/batch.h"
#include "worker/steps/training_data.h"

namespace chorus::worker {

class FollowedLog {
 public:
  // manifest: of the checkpoint `checkpoint` that the run goes on from; for a new run, one without
  // a step. Files that it says are done may be gone; those that are there must be what they were.
  // Errors: kFailedPrecondition, names the file that has changed, came late or is missing.
  static Result<std::unique_ptr<FollowedLog>> Open(const TrainConfig& config,
                                                   const WorkerEnvironment& environment,
                                                   const std::string& checkpoint,
                                                   const CheckpointManifest& manifest);

  // The file that the run begins with or goes on in; after a checkpoint at a file's end, no file
  // (TrainingData::log is null), and all steps so far.
  Result<TrainingData> First();

  // What one look found. A look that finds nothing takes half a second, so that all workers wait.
  struct Look {
    enum What {
      kNothing,  // so far
      kFile,     // the next one: Enter(name)
      kEnd,      // data.follow_seconds are over
      kStop,     // some worker has been asked to stop
      kSave      // worker 0 wishes a checkpoint
    };
    What what = kNothing;
    std::string name;
  };
  // stop: whether this worker has been asked to stop.  save: worker 0's wish, which comes before the
  // next file.  Error on worker 0: a file came whose name is before those that are trained.
  Result<Look> LookForNext(bool stop, bool save);
  // Opens the file on all workers. Error: kFailedPrecondition, names the worker that does not see
  // it within cluster.deadline_seconds, or sees another one.
  Result<TrainingData> Enter(const std::string& name);

  // Columns of the run's first file.
  const LogSchema& schema() const { return *schema_; }
  uint64_t files() const { return position_.followed_files(); }  // begun so far
  std::string current() const;                                   // the last of them
  double waited_seconds() const;
  // Sets what a checkpoint must know: the files that are trained or begun.
  void Describe(CheckpointManifest* manifest) const;

 private:
  FollowedLog(const TrainConfig& config, const WorkerEnvironment& environment);
  Collective& workers() const { return *environment_.collective; }
  bool is_first() const { return workers().rank() == 0; }
  std::string PathOf(const std::string& name) const;
  bool IsDone(const FollowedFile& file) const;  // when the run goes on from its checkpoint
  // While worker 0 looks at all files that are trained, the others wait.
  Status CheckTrainedOnFirst(const std::string& checkpoint);
  Status CheckTrained(const std::string& checkpoint);
  Status CheckUnchanged(FileSystem& files, const std::string& checkpoint, const FollowedFile& file);
  Result<std::vector<std::string>> ListFiles() const;
  void ForgetGone(const std::vector<std::string>& names);
  // The first of the names that is not trained; "" = there is none.
  std::string FirstNew(const std::vector<std::string>& names) const;
  Result<std::string> FindNext();  // "" = there is none yet
  Result<Look> LookAgain(bool stop, bool save);
  // Against the rules of the first file.
  Status CheckRules(const LogReader& log) const;
  Result<std::unique_ptr<LogReader>> OpenOnAll(const std::string& path);
  Result<TrainingData> OpenFile(const std::string& name, uint64_t number, uint64_t steps_before);

  const TrainConfig config_;
  const WorkerEnvironment environment_;
  const std::string folder_;
  uint64_t restored_step_ = 0;
  std::optional<LogSchema> schema_;
  // The files that are trained or begun, of which worker 0 drops those that are gone. The last one
  // stays.
  CheckpointManifest position_;
  std::optional<std::chrono::steady_clock::time_point> waiting_since_;
};

}  // namespace chorus::worker
