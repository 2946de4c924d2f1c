#pragma once
// The state of steps, reads, restores and snapshots behind Server::Create (server.h gives the
// contract). Steps are in server_step.cc, control requests in server_control.cc, deadlines in
// server_watch.cc, reads and the rest in server.cc.
//
// A step frame goes through these functions, the first four on its connection's thread:
//   HandleStep        parses the frame
//   PrepareStep       checks it against earlier frames, most of that without the lock
//   AdmitStep         adds the frame to its step, or answers a repetition
//   DispatchComplete  hands a step whose frames are all in to the owner threads
//   RunStep           on each owner thread: applies gradients, begins a snapshot, reads rows
//   CompleteStep      on the owner thread that ends last: answers all workers
//
// Responders are never called under the lock: they enter the transport.
// Thread safety: any thread; the lock order is at mutex_.

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/mutex.h"
#include "common/wire.pb.h"
#include "ps/answer.h"
#include "ps/held_steps.h"
#include "ps/memory_budget.h"
#include "ps/request.h"
#include "ps/server.h"
#include "ps/server_shape.h"
#include "ps/shard_owner.h"
#include "ps/snapshot_writer.h"

namespace chorus::ps {

// A read or a restore. Every owner thread does its part; the one that ends last sends the reply.
struct SharedWork {
  SharedWork(Responder respond, size_t owners) : answer(std::move(respond)), left(owners) {}
  bool IsLast() { return left.fetch_sub(1) == 1; }  // call once, at the end of a part

  Answer answer;
  std::atomic<size_t> left;
  Mutex mutex;  // a leaf: nothing is locked under it
  Status error GUARDED_BY(mutex);
  uint64_t restored_step GUARDED_BY(mutex) = 0;
};

class ServerImpl : public Server {
 public:
  ServerImpl(const ServerOptions& options, const std::vector<TableSpec>& tables, FileSystem& files);
  ~ServerImpl() override;
  // Starts the threads; once, before the first frame.
  Status Start();

  void Handle(Frame request, Responder respond) override;
  uint64_t memory_bytes() const override { return budget_.used_bytes(); }
  uint64_t rows() const override { return budget_.rows(); }

 private:
  struct Outgoing {
    Responder respond;
    Frame frame;
  };

  void HandleStep(Frame frame, Responder respond);
  Status PrepareStep(StepRequest* request);
  Status AdmitStep(std::shared_ptr<StepRequest> request, const Responder& respond,
                   std::vector<Outgoing>* out);
  Status Accepting() const REQUIRES_LOCK(mutex_);
  void DispatchComplete() REQUIRES_LOCK(mutex_);
  void RunStep(ShardOwner* owner, const std::shared_ptr<StepState>& state, const StepState* keys_of,
               uint32_t snapshot_id, const std::vector<std::shared_ptr<StepState>>& pending);
  void CompleteStep(StepState* state);
  std::string ReplyMeta(const StepState& state) REQUIRES_LOCK(mutex_);
  std::string NameWithMemory(Code cause) const;

  void HandleRead(Frame frame, Responder respond);
  void HandleControl(Frame frame, Responder respond);
  Result<wire::ControlReplyMeta> SnapshotStatus(uint64_t step);
  void Restore(const wire::RestoreMeta& meta, Responder respond);
  Status Continue(const wire::ContinueMeta& meta);
  void FinishRestore(SharedWork* work, const wire::RestoreMeta& restore);

  void Watch();
  std::vector<Outgoing> TakeExpired() REQUIRES_LOCK(mutex_);

  const ServerOptions options_;
  FileSystem& files_;
  const ServerShape shape_;
  std::vector<TableType> types_;
  MemoryBudget budget_;
  // Whether failure_ is set: owner threads read it without the lock, and leave the rows alone.
  std::atomic<bool> failed_{false};

  // Lock order: before StepState::mutex, SharedWork::mutex and the mutexes of owners and writer.
  Mutex mutex_;
  ConditionVariable stop_watch_;
  HeldSteps steps_ GUARDED_BY(mutex_);
  // Not OK: the rows are incomplete, and every step is refused with this error.
  Status failure_ GUARDED_BY(mutex_);
  bool restoring_ GUARDED_BY(mutex_) = false;
  // The running or last restore: its RestoreMeta, its reply once it has succeeded, and the
  // responders of clients that asked for the same restore while it ran.
  std::string restore_ GUARDED_BY(mutex_);
  std::string restore_reply_ GUARDED_BY(mutex_);
  std::vector<Responder> also_restoring_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  uint32_t last_snapshot_id_ GUARDED_BY(mutex_) = 0;      // the newest that has begun
  uint32_t reported_snapshot_id_ GUARDED_BY(mutex_) = 0;  // the last one in a step reply

  // The owners' threads use everything above; ~ServerImpl ends them first.
  std::unique_ptr<SnapshotWriter> writer_;
  std::vector<std::unique_ptr<ShardOwner>> owners_;
  std::thread watch_;
};

}  // namespace chorus::ps
