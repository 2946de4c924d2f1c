// Control requests: the state of a snapshot, restoring a checkpoint, and going on after a pause.

#include <utility>

#include "ps/restore.h"
#include "ps/server_impl.h"
#include "ps/wanted_keys.h"

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
    case wire::ControlMeta::kSnapshotStatus:
      reply = SnapshotStatus(meta.snapshot_status().step());
      break;
    case wire::ControlMeta::kContinuation:
      if (Status status = Continue(meta.continuation()); !status.ok()) reply = status;
      break;
    case wire::ControlMeta::REQUEST_NOT_SET:  // also a request that only newer programs know
      reply = InvalidArgument("a control frame that asks for nothing known");
      break;
  }
  if (!reply.ok()) return respond(MakeErrorFrame(reply.status()));
  respond({FrameType::kControlReply, reply->SerializeAsString(), {}});
}

// After a failed step no snapshot begins or ends any more: a worker that waits for one is told why.
Result<wire::ControlReplyMeta> ServerImpl::SnapshotStatus(uint64_t step) {
  {
    MutexLock lock(mutex_);
    RETURN_IF_ERROR(failure_);
  }
  wire::ControlReplyMeta reply;
  *reply.mutable_snapshot() = writer_->status();
  if (reply.snapshot().step() != step) {  // not begun yet
    reply.clear_snapshot();
    reply.mutable_snapshot()->set_step(step);
  }
  return reply;
}

// It holds the lock to its end, so that jobs which owners get later run after it.
Status ServerImpl::Continue(const wire::ContinueMeta& meta) {
  MutexLock lock(mutex_);
  RETURN_IF_ERROR(Accepting());
  RETURN_IF_ERROR(steps_.Continue(meta));
  for (auto& owner : owners_) {
    owner->Post([](ShardOwner& here) {
      for (Shard& shard : here.shards()) shard.ForgetPending();
    });
  }
  return Status::Ok();
}

// A client that lost its connection sends its restore again, so a restore may come twice. A
// repetition of the one under way waits with it. A repetition of the last one gets that one's
// answer if no step has come since: the rows are still those that it loaded, and loading them again
// would only take time.
void ServerImpl::Restore(const wire::RestoreMeta& meta, Responder respond) {
  Status status = CheckRestoredKeys(meta.only());
  if (!status.ok()) return respond(MakeErrorFrame(status));
  std::string again;
  {
    MutexLock lock(mutex_);
    const std::string text = meta.SerializeAsString();
    if (restoring_ && text == restore_) return also_restoring_.push_back(std::move(respond));
    if (meta.mode() == wire::RestoreMeta::MODE_UNSPECIFIED) {
      status = InvalidArgument("restore without a mode");
    } else if (meta.has_only() && meta.mode() != wire::RestoreMeta::RESUME) {
      status = InvalidArgument("a restore of some keys that begins a run");
    } else if (restoring_ || !steps_.untouched()) {
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
  const auto shared = std::make_shared<const wire::RestoreMeta>(meta);  // it may hold many keys
  for (auto& owner : owners_) {
    owner->Post([this, work, shared](ShardOwner& here) {
      const auto step = RestoreShards(files_, *shared, shape_, &here);
      {
        MutexLock lock(work->mutex);
        if (step.ok()) work->restored_step = *step;
        if (!step.ok() && work->error.ok()) work->error = step.status();
      }
      if (work->IsLast()) FinishRestore(work.get(), *shared);
    });
  }
}

// Steps are accepted again only here, when every owner has loaded its shards; `failed_` changes
// with `failure_`, under the lock, so that no step runs on rows that are half loaded.
void ServerImpl::FinishRestore(SharedWork* work, const wire::RestoreMeta& restore) {
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
    if (status.ok() && restore.has_only()) {
      failure_ = FailedPrecondition(
          shape_.name() +
          " has restored some rows of a checkpoint alone: they can be read, not trained");
    }
    failed_ = !failure_.ok();
    if (status.ok()) restore_reply_ = reply.SerializeAsString();
    steps_.Reset(restore.mode() == wire::RestoreMeta::RESUME ? reply.restored_step() : 0);
    others.swap(also_restoring_);
  }
  const Frame frame = status.ok() ? Frame{FrameType::kControlReply, reply.SerializeAsString(), {}}
                                  : MakeErrorFrame(status);
  work->answer.Send(frame);
  for (Responder& respond : others) respond(frame);
}

}  // namespace chorus::ps
