// Steps: from a frame to the reply, in the order of server_impl.h.

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/log.h"
#include "common/strings.h"
#include "common/trace.h"
#include "ps/server_impl.h"

namespace chorus::ps {
namespace {

using Clock = std::chrono::steady_clock;

Frame ReplyOf(const StepState& state, uint32_t worker) {
  return {FrameType::kStepReply, state.reply_meta, state.workers[worker].weights};
}

}  // namespace

void ServerImpl::HandleStep(Frame frame, Responder respond) {
  const TraceSpan span("take frame");
  auto request = ParseStep(std::move(frame), shape_);
  Status status = request.status();
  if (status.ok()) status = PrepareStep(request->get());
  std::vector<Outgoing> out;
  if (status.ok()) status = AdmitStep(std::move(*request), respond, &out);
  if (!status.ok()) {
    LogWarning("refused a step frame: ", status.ToString());
    return respond(MakeErrorFrame(status));
  }
  for (Outgoing& reply : out) reply.respond(std::move(reply.frame));
}

// All checks that need what the worker sent before. The long one, every gradient's positions and
// finiteness, runs without the lock, so that the frames of several workers are checked at the same
// time. `keys` shares the ownership of the earlier request: its step may be forgotten meanwhile.
Status ServerImpl::PrepareStep(StepRequest* request) {
  RETURN_IF_ERROR(
      CheckReplyBytes(request->tables, shape_, /*bytes_beside_a_row=*/0, options_.max_reply_bytes));
  std::shared_ptr<const StepRequest> keys;
  {
    MutexLock lock(mutex_);
    RETURN_IF_ERROR(Accepting());
    RETURN_IF_ERROR(steps_.CheckStep(request->meta));
    if (steps_.IsDuplicate(request->meta)) return Status::Ok();
    ASSIGN_OR_RETURN(keys, steps_.KeysOfGradients(request->meta));
  }
  return keys == nullptr ? Status::Ok() : CheckGradients(request, keys->tables, shape_);
}

Status ServerImpl::Accepting() const {
  if (restoring_) return FailedPrecondition(shape_.name() + " is restoring a checkpoint");
  return failure_;
}

// PrepareStep has let the lock go: a restore may have begun meanwhile, and the same frame may have
// come a second time, over a new connection, and be admitted already. So the questions are asked
// again, and the answer counts: of two equal frames one is added, and the gradients of one are
// applied. Both are answered, since the sender listens to the newer connection only.
Status ServerImpl::AdmitStep(std::shared_ptr<StepRequest> request, const Responder& respond,
                             std::vector<Outgoing>* out) {
  MutexLock lock(mutex_);
  RETURN_IF_ERROR(Accepting());
  RETURN_IF_ERROR(steps_.CheckStep(request->meta));
  const uint64_t step = request->meta.step();
  const uint32_t worker = request->meta.worker();
  if (!steps_.IsDuplicate(request->meta)) RETURN_IF_ERROR(steps_.Add(std::move(request)));
  const auto state = steps_.Find(step);
  if (state->done) {  // a repetition gets the bytes of the first reply
    out->push_back({respond, ReplyOf(*state, worker)});
    return Status::Ok();
  }
  // The deadline counts from the first frame that waits: after an expired one was answered, the
  // wait of those who ask again begins anew.
  const bool first = std::all_of(state->workers.begin(), state->workers.end(),
                                 [](const WorkerStep& other) { return other.waiting.empty(); });
  if (first) state->first_arrival = Clock::now();
  state->workers[worker].waiting.push_back(respond);
  DispatchComplete();
  return Status::Ok();
}

// Runs under the lock to its end, so that every owner gets its jobs in the order of the steps. An
// owner runs its jobs one after the other: when it applies the gradients of keys_of, its own part
// of that step's rows is there, and no owner needs to wait for another.
void ServerImpl::DispatchComplete() {
  for (auto state = steps_.NextComplete(); state != nullptr; state = steps_.NextComplete()) {
    if (options_.on_step) options_.on_step(state->step);
    const uint64_t lag = 1 + shape_.job.pull_ahead();
    // The step whose gradients came with these frames. The jobs share its ownership, since it may
    // be forgotten (MarkDone) before the last of them runs.
    std::shared_ptr<StepState> keys_of;
    if (steps_.CarriesGradients(state->step)) keys_of = steps_.Find(state->step - lag);
    uint32_t snapshot_id = 0;
    std::vector<std::shared_ptr<StepState>> pending;
    const wire::StepMeta& meta = state->workers[0].request->meta;
    if (meta.has_snapshot()) {
      snapshot_id = ++last_snapshot_id_;
      // Steps that were pulled before the snapshot's state existed: a resumed run is answered with
      // the same rows (README.md, "Snapshots").
      for (uint64_t s = meta.snapshot().step() + 1; s < state->step; ++s)
        pending.push_back(steps_.Find(s));
      // Before the owners' jobs: the writer drops blocks of snapshots that it was not told of.
      writer_->Begin(meta.snapshot().step(), meta.snapshot().directory(), shape_.local_shards());
    }
    // Everything that the owners fill is allocated here: each then writes its own part of it, and
    // they share nothing that grows.
    for (WorkerStep& worker : state->workers) {
      worker.weights = AllocateRows(worker.request->tables, shape_);
      for (const RequestKeys& table : worker.request->tables)
        worker.rows.emplace_back(table.keys.size());
    }
    state->owners_left = static_cast<uint32_t>(owners_.size());
    steps_.MarkDispatched(state.get());
    for (auto& owner : owners_) {
      owner->Post([this, state, keys_of, snapshot_id, pending](ShardOwner& here) {
        RunStep(&here, state, keys_of.get(), snapshot_id, pending);
      });
    }
  }
}

// Applies before it reads: so rows of step t contain the update of step t - 1 - pull_ahead although
// both came in one frame. The snapshot begins in between, when the rows are exactly the state after
// that update: lookups create rows, but none that a snapshot holds.
void ServerImpl::RunStep(ShardOwner* owner, const std::shared_ptr<StepState>& state,
                         const StepState* keys_of, uint32_t snapshot_id,
                         const std::vector<std::shared_ptr<StepState>>& pending) {
  Status status;
  if (!failed_) {
    {
      const TraceSpan span("update rows", "step", state->step);
      status = owner->Apply(*state, keys_of);
    }
    if (status.ok() && snapshot_id != 0) {
      owner->BeginSnapshot(snapshot_id, state->workers[0].request->meta.snapshot().step(), pending);
    }
    const TraceSpan span("look up rows", "step", state->step);
    for (Shard& shard : owner->shards()) {
      if (status.ok()) status = shard.LookUp(state.get());
    }
  }
  if (!status.ok()) {
    MutexLock lock(state->mutex);
    if (state->error.ok()) state->error = status;
  }
  if (state->owners_left.fetch_sub(1) == 1) CompleteStep(state.get());
}

// Steps complete in order: each owner runs their jobs in order, so the last job of step t ends
// before that of step t + 1. A step that failed is marked done as well; failure_ answers it and all
// that follow, and Accepting refuses its repetitions.
void ServerImpl::CompleteStep(StepState* state) {
  const TraceSpan span("answer workers", "step", state->step);
  std::vector<Outgoing> out;
  {
    MutexLock lock(mutex_);
    {
      MutexLock state_lock(state->mutex);
      if (failure_.ok() && !state->error.ok()) {
        failure_ = state->error.Annotate(NameWithMemory(state->error.code()));
        failed_ = true;
      }
    }
    state->reply_meta = ReplyMeta(*state);
    for (uint32_t worker = 0; worker < state->workers.size(); ++worker) {
      for (Responder& respond : state->workers[worker].waiting) {
        out.push_back({std::move(respond),
                       failure_.ok() ? ReplyOf(*state, worker) : MakeErrorFrame(failure_)});
      }
      state->workers[worker].waiting.clear();
    }
    steps_.MarkDone(state);
  }
  for (Outgoing& reply : out) reply.respond(std::move(reply.frame));
}

// This server's name, and the memory that it uses if that is the cause.
std::string ServerImpl::NameWithMemory(Code cause) const {
  if (cause != Code::kResourceExhausted) return shape_.name();
  const std::string limit = options_.memory_mb == 0 ? "none" : StrCat(options_.memory_mb, " MB");
  return StrCat(shape_.name(), " (memory in use ", budget_.used_bytes() >> 20, " MB, limit ", limit,
                ")");
}

// The same bytes go to all workers, and again to a retry: so a snapshot's end is told in one step's
// reply on every worker, and a lost reply does not lose the news.
std::string ServerImpl::ReplyMeta(const StepState& state) {
  wire::StepReplyMeta meta;
  meta.set_step(state.step);
  if (reported_snapshot_id_ != last_snapshot_id_ && writer_->ended()) {
    *meta.mutable_snapshot() = writer_->status();
    reported_snapshot_id_ = last_snapshot_id_;
  }
  return meta.SerializeAsString();
}

}  // namespace chorus::ps
