#include "worker/train/checkpointer.h"

#include <memory>
#include <utility>

#include "common/check.h"
#include "common/log.h"
#include "common/strings.h"
#include "common/thread.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::worker {

using Clock = std::chrono::steady_clock;

Checkpointer::Checkpointer(FileSystem& files, const CheckpointManifest& manifest, bool is_writer,
                           PsClient* client, const std::string& claim, const CheckpointClaim* fence)
    : files_(files),
      template_(manifest),
      config_(manifest.config().checkpoint()),
      is_writer_(is_writer),
      client_(client),
      claim_(claim),
      fence_(fence),
      last_begin_(Clock::now()) {}

Checkpointer::~Checkpointer() {
  if (dense_writer_.joinable()) dense_writer_.join();
}

bool Checkpointer::DueByStep(uint64_t step) const {
  if (!enabled()) return false;
  const uint64_t evaluations = template_.config().evaluate().every_steps();
  return step == template_.planned_steps() ||
         (config_.every_steps() > 0 ? step % config_.every_steps() == 0
                                    : step == template_.planned_steps() / 2) ||
         (config_.best() != CheckpointConfig::NONE && evaluations > 0 && step % evaluations == 0);
}

bool Checkpointer::DueByTime() const {
  if (!enabled() || config_.every_minutes() <= 0 || pending_.has_value()) return false;
  const std::chrono::duration<double> since = Clock::now() - last_begin_;
  return since.count() >= config_.every_minutes() * 60;
}

// An error of a server, whose folder another job has removed, does not say why.
Status Checkpointer::Explained(const Status& status) const {
  if (status.ok() || fence_ == nullptr) return status;
  const Status fenced = fence_->Check();
  return fenced.code() == Code::kFailedPrecondition ? fenced : status;
}

Result<SnapshotRequest> Checkpointer::Begin(uint64_t step, uint32_t stage,
                                            const CheckpointManifest* position) {
  RETURN_IF_ERROR(Poll(true));
  const Result<SnapshotRequest> begun = BeginAnyway(step);
  if (!begun.ok()) return Explained(begun.status());
  pending_ = *begun;
  pending_stage_ = stage;
  pending_position_ = position != nullptr ? *position : CheckpointManifest();
  return *pending_;
}

Result<SnapshotRequest> Checkpointer::BeginAnyway(uint64_t step) {
  const std::string folder = WritingFolder(config_.directory(), step, claim_);
  if (is_writer_) {
    if (files_.Exists(folder)) RETURN_IF_ERROR(files_.RemoveRecursively(folder));
    RETURN_IF_ERROR(files_.CreateDirectories(folder));
  }
  last_begin_ = Clock::now();
  return SnapshotRequest{step, folder};
}

void Checkpointer::AddDenseState(DenseState state) {
  CHECK(pending_.has_value() && pending_->step == state.step);
  if (!is_writer_) return;
  // Where no thread is to be had, the trainer writes: a checkpoint is worth the wait.
  auto write = std::make_shared<std::packaged_task<Result<CheckpointFile>()>>(
      [this, folder = pending_->directory, kept = std::move(state)] {
        return WriteDenseState(files_, folder, kept);
      });
  dense_file_ = write->get_future();
  if (dense_writer_.joinable()) dense_writer_.join();
  Result<std::thread> thread =
      StartThread("dense state", "writing a checkpoint", [write] { (*write)(); });
  if (!thread.ok()) return (*write)();
  dense_writer_ = std::move(*thread);
}

Status Checkpointer::Poll(bool wait) { return Explained(PollAnyway(wait)); }

Status Checkpointer::PollAnyway(bool wait) {
  if (!pending_.has_value()) return Status::Ok();
  if (!is_writer_ && !wait) {
    // Only whether the servers are done matters here; worker 0 completes the checkpoint.
    ASSIGN_OR_RETURN(const std::vector<SnapshotFile> shard_files,
                     client_->SnapshotFiles(pending_->step, false));
    if (!shard_files.empty()) pending_.reset();
    return Status::Ok();
  }
  const bool dense_ready =
      !is_writer_ ||
      (dense_file_.valid() &&
       (wait || dense_file_.wait_for(std::chrono::seconds(0)) == std::future_status::ready));
  if (!dense_ready) return Status::Ok();
  ASSIGN_OR_RETURN(std::vector<SnapshotFile> shard_files,
                   client_->SnapshotFiles(pending_->step, wait));
  if (shard_files.empty()) return Status::Ok();
  if (is_writer_) RETURN_IF_ERROR(Complete(std::move(shard_files)));
  pending_.reset();
  return Status::Ok();
}

Status Checkpointer::Complete(std::vector<SnapshotFile> shard_files) {
  const double seconds = 60 * config_.deadline_minutes();
  if (dense_file_.wait_for(std::chrono::duration<double>(seconds)) != std::future_status::ready) {
    const std::string path = JoinPath(pending_->directory, kDenseName);
    return DeadlineExceeded(
        StrCat(path, " was not written within ", seconds, " s: is the disk stuck?"));
  }
  ASSIGN_OR_RETURN(const CheckpointFile dense, dense_file_.get());
  CheckpointManifest manifest = template_;
  manifest.set_step(pending_->step);
  manifest.set_stage(pending_stage_);
  manifest.MergeFrom(pending_position_);
  *manifest.add_file() = dense;
  uint64_t rows = 0;
  for (const SnapshotFile& file : shard_files) {
    CheckpointFile* out = manifest.add_file();
    out->set_name(file.name);
    out->set_bytes(file.bytes);
    out->set_checksum(file.checksum);
    out->set_rows(file.rows);
    rows += file.rows;
  }
  RETURN_IF_ERROR(WriteManifest(files_, pending_->directory, manifest));
  const std::string folder = CheckpointFolder(config_.directory(), pending_->step);
  RETURN_IF_ERROR(PublishCheckpoint(files_, pending_->directory, folder));
  LogInfo("checkpoint ", folder, ": step ", pending_->step, ", ", rows, " rows");
  const Status pruned = PruneCheckpoints(files_, config_.directory(), config_.keep(), folder,
                                         NumberOfToken(claim_).value_or(0));
  // What was to be kept is kept, but by a job that may not write here any more.
  if (!pruned.ok() && fence_ != nullptr) RETURN_IF_ERROR(fence_->Check());
  if (!pruned.ok()) TellOfRemoving(pruned);
  return Status::Ok();
}

void Checkpointer::TellOfRemoving(const Status& pruned) {
  if (std::exchange(told_of_removing_, true)) return;
  LogWarning("removing old checkpoints: ", pruned.ToString(),
             "; the run goes on, and tries again with each checkpoint");
}

}  // namespace chorus::worker
