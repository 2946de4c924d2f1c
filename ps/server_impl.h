#pragma once
// Inside the server: the state of steps, reads, restores and snapshots behind Server::Create
// (server.h gives the contract). Steps and reads are in server.cc, control requests in
// server_control.cc, deadlines in server_watch.cc.
// Thread safety: any thread; the lock order stands at mutex_.

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/mutex.h"
#include "common/wire.pb.h"
#include "ps/answer.h"
#include "ps/memory_budget.h"
#include "ps/request.h"
#include "ps/server.h"
#include "ps/server_shape.h"
#include "ps/shard_owner.h"
#include "ps/snapshot_writer.h"
#include "ps/step_window.h"

namespace chorus::ps {

// Work that every owner thread does its part of; the last part's end sends the reply.
struct SharedWork {
  SharedWork(Responder respond, size_t owners) : answer(std::move(respond)), left(owners) {}
  bool IsLast() { return left.fetch_sub(1) == 1; }

  Answer answer;
  std::atomic<size_t> left;
  Mutex mutex;  // leaf
  Status error GUARDED_BY(mutex);
  wire::StatisticsMeta statistics GUARDED_BY(mutex);
  uint64_t restored_step GUARDED_BY(mutex) = 0;
};

class ServerImpl : public Server {
 public:
  ServerImpl(const ServerOptions& options, const std::vector<TableSpec>& tables, FileSystem& files);
  ~ServerImpl() override;

  void Handle(Frame request, Responder respond) override;

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

  void HandleRead(Frame frame, Responder respond);
  void HandleControl(Frame frame, Responder respond);
  Result<wire::ControlReplyMeta> SnapshotStatus(uint64_t step);
  void Restore(const wire::RestoreMeta& meta, Responder respond);
  void FinishRestore(SharedWork* work, wire::RestoreMeta::Mode mode);
  void CollectStatistics(Responder respond);
  void AddStatistics(ShardOwner* owner, SharedWork* work);

  void Watch();
  std::vector<Outgoing> TakeExpired() REQUIRES_LOCK(mutex_);

  const ServerOptions options_;
  FileSystem& files_;
  const ServerShape shape_;
  std::vector<TableType> types_;
  MemoryBudget budget_;
  std::atomic<bool> failed_{false};  // failure_ is set: owner threads leave rows alone

  Mutex mutex_;  // locked before StepState::mutex, SharedWork::mutex and those of owners and writer
  ConditionVariable stop_watch_;
  StepWindow window_ GUARDED_BY(mutex_);
  Status failure_ GUARDED_BY(mutex_);
  bool restoring_ GUARDED_BY(mutex_) = false;
  std::string restore_ GUARDED_BY(mutex_);        // the running or last restore: its RestoreMeta,
  std::string restore_reply_ GUARDED_BY(mutex_);  // and its reply when it succeeded
  std::vector<Responder> also_restoring_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  uint32_t last_snapshot_id_ GUARDED_BY(mutex_) = 0;
  uint32_t reported_snapshot_id_ GUARDED_BY(mutex_) = 0;
  uint64_t duplicates_ GUARDED_BY(mutex_) = 0;

  std::unique_ptr<SnapshotWriter> writer_;  // outlives the owners
  std::vector<std::unique_ptr<ShardOwner>> owners_;
  std::thread watch_;
};

}  // namespace chorus::ps
