#include "ps/snapshot_writer.h"

#include <utility>

#include "common/log.h"
#include "common/thread.h"
#include "common/trace.h"
#include "ps/shard_file.h"

namespace chorus::ps {

Status SnapshotWriter::Start() {
  ASSIGN_OR_RETURN(
      thread_, StartThread("snapshot", "the writer of a server's snapshots", [this] { Run(); }));
  return Status::Ok();
}

SnapshotWriter::~SnapshotWriter() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void SnapshotWriter::Begin(uint64_t step, const std::string& directory, uint32_t shards) {
  MutexLock lock(mutex_);
  step_ = step;
  directory_ = directory;
  shards_ = shards;
  done_.clear();
  error_ = Status::Ok();
}

void SnapshotWriter::Append(uint64_t step, uint32_t shard, std::string block, bool last,
                            uint64_t rows) {
  {
    MutexLock lock(mutex_);
    backlog_bytes_ += block.size();
    queue_.push_back({step, shard, std::move(block), last, rows});
  }
  changed_.notify_all();
}

uint64_t SnapshotWriter::backlog_bytes() const {
  MutexLock lock(mutex_);
  return backlog_bytes_;
}

wire::SnapshotStatusMeta SnapshotWriter::status() const {
  MutexLock lock(mutex_);
  wire::SnapshotStatusMeta meta;
  meta.set_step(step_);
  meta.set_finished(error_.ok() && done_.size() == shards_);
  if (meta.finished()) {
    for (const auto& [shard, file] : done_) *meta.add_file() = file;
  }
  if (!error_.ok()) {
    meta.mutable_error()->set_code(static_cast<uint32_t>(error_.code()));
    meta.mutable_error()->set_message(error_.message());
  }
  return meta;
}

bool SnapshotWriter::ended() const {
  MutexLock lock(mutex_);
  return !error_.ok() || done_.size() == shards_;
}

// The lock is held to take a block and to report its end, never while the disk is busy: owner
// threads ask for backlog_bytes() between two jobs.
//
// A block is skipped if a newer snapshot has begun or its own has failed. A skipped block also
// closes its shard's file: the shard's next file must begin empty, not where the one given up
// stopped.
void SnapshotWriter::Run() {
  for (;;) {
    Block block;
    std::string directory;
    bool skip = false;
    {
      MutexLock lock(mutex_);
      while (!stopping_ && queue_.empty()) changed_.wait(mutex_);
      if (stopping_) return;
      block = std::move(queue_.front());
      queue_.pop_front();
      directory = directory_;
      skip = block.step != step_ || !error_.ok();
    }
    const uint64_t step = block.step;
    const uint64_t bytes = block.bytes.size();
    Status status;
    if (skip) {
      open_.erase(block.shard);
    } else {
      status = Write(std::move(block), directory);
    }
    MutexLock lock(mutex_);
    backlog_bytes_ -= bytes;
    // A newer snapshot may have begun while this block was written: the error is not its own.
    if (!status.ok() && step == step_) {
      LogError("snapshot of step ", step, " failed: ", status.ToString());
      error_ = status;
    }
  }
}

Status SnapshotWriter::Write(Block block, const std::string& directory) {
  const TraceSpan span("write checkpoint", "shard", block.shard);
  const Status status = WriteTo(&open_[block.shard], block, directory);
  if (block.last || !status.ok()) open_.erase(block.shard);
  return status;
}

Status SnapshotWriter::WriteTo(OpenFile* out, const Block& block, const std::string& directory) {
  OpenFile& file = *out;
  if (file.file == nullptr) {
    ASSIGN_OR_RETURN(file.file, files_.Create(JoinPath(directory, ShardFileName(block.shard))));
  }
  const auto bytes = std::as_bytes(std::span<const char>(block.bytes));
  file.checksum.Add(bytes);
  file.bytes += bytes.size();
  RETURN_IF_ERROR(file.file->Append(bytes));
  return block.last ? Finish(&file, block) : Status::Ok();
}

// A file counts as done when it is on stable storage, not when it is written: worker 0 publishes
// the manifest after the last server's word, and a checkpoint that has a manifest must survive a
// crash.
Status SnapshotWriter::Finish(OpenFile* file, const Block& block) {
  const uint64_t own_checksum = file->checksum.value();
  const auto trailer = std::as_bytes(std::span<const uint64_t>(&own_checksum, 1));
  file->checksum.Add(trailer);
  file->bytes += trailer.size();
  RETURN_IF_ERROR(file->file->Append(trailer));
  RETURN_IF_ERROR(file->file->Sync());
  RETURN_IF_ERROR(file->file->Close());
  wire::SnapshotFileMeta meta;
  meta.set_name(ShardFileName(block.shard));
  meta.set_bytes(file->bytes);
  meta.set_checksum(file->checksum.value());
  meta.set_rows(block.rows);
  MutexLock lock(mutex_);
  if (block.step == step_) done_[block.shard] = std::move(meta);
  return Status::Ok();
}

}  // namespace chorus::ps
