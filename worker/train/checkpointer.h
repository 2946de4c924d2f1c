#pragma once
// Takes checkpoints while training goes on: asks the servers for a snapshot in the frame that
// carries the step's gradients, writes the dense state on a thread of its own, and completes the
// manifest when every file is there. One checkpoint at a time; worker 0 writes, and the others only
// send the same requests. Thread safety: the trainer's thread.

#include <chrono>
#include <future>
#include <optional>
#include <string>
#include <thread>

#include "common/checkpoint.pb.h"
#include "common/file.h"
#include "common/status.h"
#include "worker/servers/ps_client.h"
#include "worker/train/checkpoint_claim.h"
#include "worker/train/dense_state.h"

namespace chorus::worker {

class Checkpointer {
 public:
  // manifest: everything but step and files. claim: the token of the job's claim, the same on all
  // workers; fence: the writer's claim itself, for errors that it explains; null: there is none.
  // `files`, `client` and `fence` outlive this.
  Checkpointer(FileSystem& files, const CheckpointManifest& manifest, bool is_writer,
               PsClient* client, const std::string& claim = "",
               const CheckpointClaim* fence = nullptr);
  ~Checkpointer();  // waits for the dense state that is being written

  bool enabled() const { return !config_.directory().empty(); }
  // Whether one is due by the count of steps: the same on every worker.
  bool DueByStep(uint64_t step) const;
  // Whether one is due by the clock: worker 0 decides, and tells the others through the step's sum;
  // never while one is under way.
  bool DueByTime() const;

  // To be called before the frame with the gradients of `step` is sent; returns what the frame has
  // to ask for. Finishes an earlier checkpoint first. stage: of the step, for the manifest.
  // position: the run's place in a log that is followed, as fields of the manifest; null: the log
  // is not followed.
  Result<SnapshotRequest> Begin(uint64_t step, uint32_t stage = 0,
                                const CheckpointManifest* position = nullptr);
  // To be called after that step's dense update.
  void AddDenseState(DenseState state);
  // Completes the checkpoint when all its files are there; with `wait`, waits for them. That an old
  // checkpoint cannot be removed is no error: a warning says so once. Where another job has taken
  // this one's place, the error names it.
  Status Poll(bool wait);

 private:
  Result<SnapshotRequest> BeginAnyway(uint64_t step);
  Status PollAnyway(bool wait);
  Status Explained(const Status& status) const;
  void TellOfRemoving(const Status& pruned);
  Status Complete(std::vector<SnapshotFile> shard_files);

  FileSystem& files_;
  const CheckpointManifest template_;
  const CheckpointConfig config_;
  const bool is_writer_;
  PsClient* const client_;
  const std::string claim_;
  const CheckpointClaim* const fence_;
  std::chrono::steady_clock::time_point last_begin_;
  std::optional<SnapshotRequest> pending_;
  uint32_t pending_stage_ = 0;
  CheckpointManifest pending_position_;
  std::future<Result<CheckpointFile>> dense_file_;
  std::thread dense_writer_;
  bool told_of_removing_ = false;
};

}  // namespace chorus::worker
