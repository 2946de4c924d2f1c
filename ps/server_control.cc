// Control requests: whether the job is ours, snapshots, restore, statistics.

#include <utility>

#include "common/check.h"
#include "common/log.h"
#include "common/strings.h"
#include "ps/restore.h"
#include "ps/server_impl.h"

namespace chorus::ps {

void ServerImpl::HandleControl(Frame frame, Responder respond) {
  wire::ControlMeta meta;
  if (!meta.ParseFromString(frame.meta)) {
    return respond(MakeErrorFrame(InvalidArgument("malformed frame: the meta is no ControlMeta")));
  }
  Result<wire::ControlReplyMeta> reply = wire::ControlReplyMeta();
  switch (meta.request_case()) {
    case wire::ControlMeta::kRestore:
      return Restore(meta.restore(), std::move(respond));
    case wire::ControlMeta::kStatistics:
      return CollectStatistics(std::move(respond));
    case wire::ControlMeta::kSnapshotStatus:
      reply = SnapshotStatus(meta.snapshot_status().step());
      break;
    case wire::ControlMeta::kCheckJob:
      if (Status status = shape_.CheckJob(meta.check_job()); !status.ok()) reply = status;
      break;
    default:
      reply = InvalidArgument("a control frame that asks for nothing known");
  }
  if (!reply.ok()) return respond(MakeErrorFrame(reply.status()));
  respond({FrameType::kControlReply, reply->SerializeAsString(), {}});
}

Result<wire::ControlReplyMeta> ServerImpl::SnapshotStatus(uint64_t step) {
  wire::ControlReplyMeta reply;
  *reply.mutable_snapshot() = writer_->status();
  if (reply.snapshot().step() != step) {  // not begun yet
    reply.clear_snapshot();
    reply.mutable_snapshot()->set_step(step);
  }
  return reply;
}

// A repetition of the restore that is under way waits with it; one of the last restore, nothing
// having changed since, gets its answer again.
void ServerImpl::Restore(const wire::RestoreMeta& meta, Responder respond) {
  Status status;
  std::string again;
  {
    MutexLock lock(mutex_);
    const std::string text = meta.SerializeAsString();
    if (restoring_ && text == restore_) return also_restoring_.push_back(std::move(respond));
    if (meta.mode() == wire::RestoreMeta::MODE_UNSPECIFIED) {
      status = InvalidArgument("restore without a mode");
    } else if (restoring_ || !window_.untouched()) {
      status = FailedPrecondition(shape_.name() + " restores only before the first step");
    } else if (text == restore_ && !restore_reply_.empty()) {
      again = restore_reply_;
    } else {
      restoring_ = true;
      restore_ = text;
      restore_reply_.clear();
    }
  }
  if (!status.ok()) return respond(MakeErrorFrame(status));
  if (!again.empty()) return respond({FrameType::kControlReply, again, {}});
  auto work = std::make_shared<SharedWork>(std::move(respond), owners_.size());
  for (auto& owner : owners_) {
    owner->Post([this, work, meta](ShardOwner& here) {
      const auto step = RestoreShards(files_, meta, shape_, &here);
      {
        MutexLock lock(work->mutex);
        if (step.ok()) work->restored_step = *step;
        if (!step.ok() && work->error.ok()) work->error = step.status();
      }
      if (work->IsLast()) FinishRestore(work.get(), meta.mode());
    });
  }
}

void ServerImpl::FinishRestore(SharedWork* work, wire::RestoreMeta::Mode mode) {
  Status status;
  wire::ControlReplyMeta reply;
  {
    MutexLock lock(work->mutex);
    status = work->error.Annotate(shape_.name() + ": restoring");
    reply.set_restored_step(work->restored_step);
  }
  std::vector<Responder> others;
  {
    MutexLock lock(mutex_);
    restoring_ = false;
    failure_ = status;
    failed_ = !status.ok();
    if (status.ok()) restore_reply_ = reply.SerializeAsString();
    window_.Reset(mode == wire::RestoreMeta::RESUME ? reply.restored_step() : 0);
    others.swap(also_restoring_);
  }
  const Frame frame = status.ok() ? Frame{FrameType::kControlReply, reply.SerializeAsString(), {}}
                                  : MakeErrorFrame(status);
  work->answer.Send(frame);
  for (Responder& respond : others) respond(frame);
}

void ServerImpl::CollectStatistics(Responder respond) {
  auto work = std::make_shared<SharedWork>(std::move(respond), owners_.size());
  {
    MutexLock lock(mutex_);
    MutexLock work_lock(work->mutex);
    for (const TableType& type : types_) work->statistics.add_table()->set_name(type.spec.name);
    work->statistics.set_applied_step(window_.applied_step());
    work->statistics.set_duplicates(duplicates_);
  }
  for (auto& owner : owners_) {
    owner->Post([this, work](ShardOwner& here) {
      AddStatistics(&here, work.get());
      if (!work->IsLast()) return;
      wire::ControlReplyMeta reply;
      {
        MutexLock lock(work->mutex);
        work->statistics.set_memory_bytes(budget_.used_bytes());
        *reply.mutable_statistics() = work->statistics;
      }
      work->answer.Send({FrameType::kControlReply, reply.SerializeAsString(), {}});
    });
  }
}

void ServerImpl::AddStatistics(ShardOwner* owner, SharedWork* work) {
  MutexLock lock(work->mutex);
  for (size_t t = 0; t < types_.size(); ++t) {
    wire::TableStatistics& table = *work->statistics.mutable_table(static_cast<int>(t));
    uint64_t rows = 0;
    for (const Shard& shard : owner->shards()) rows += shard.tables()[t].size();
    table.set_rows(table.rows() + rows);
    table.set_updates(table.updates() + owner->workspace().updates[t]);
    table.set_gradient_sum(table.gradient_sum() + owner->workspace().gradient_sums[t]);
  }
}

}  // namespace chorus::ps
