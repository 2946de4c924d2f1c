#include "ps/shard_owner.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/thread.h"
#include "common/trace.h"

namespace chorus::ps {
namespace {

// About a millisecond of work: a job waits at most this long for the snapshot.
constexpr uint32_t kSliceRows = 4096;
// The most bytes that the writer may have left to write: beyond them the snapshot waits for the
// disk instead of filling memory. Jobs do not wait.
constexpr uint64_t kMaxBacklogBytes = uint64_t{64} << 20;
constexpr std::chrono::milliseconds kBacklogPause{5};

}  // namespace

ShardOwner::ShardOwner(uint32_t begin, uint32_t end, const ServerShape* shape,
                       const std::vector<TableType>* types, MemoryBudget* budget,
                       SnapshotWriter* writer, uint64_t side_limit_bytes)
    : first_local_(begin),
      side_limit_bytes_(side_limit_bytes),
      writer_(*writer),
      workspace_(*types) {
  for (uint32_t local = begin; local < end; ++local)
    shards_.emplace_back(local, shape, types, budget);
}

Status ShardOwner::Start(const std::string& for_what) {
  ASSIGN_OR_RETURN(thread_, StartThread("shard owner", for_what, [this] { Run(); }));
  return Status::Ok();
}

ShardOwner::~ShardOwner() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  posted_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void ShardOwner::Post(Job job) {
  {
    MutexLock lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  posted_.notify_all();
}

void ShardOwner::Run() {
  for (;;) {
    Job job;
    {
      MutexLock lock(mutex_);
      if (stopping_) return;
      if (!jobs_.empty()) {
        job = std::move(jobs_.front());
        jobs_.pop_front();
      } else if (!SnapshotWorkLeft()) {
        posted_.wait(mutex_);
        continue;
      }
    }
    if (job) job(*this);
    // One slice after each job, too: a busy server, which is never idle, still ends its snapshot.
    if (!SnapshotWorkLeft()) continue;
    if (writer_.backlog_bytes() < kMaxBacklogBytes) {
      WriteSnapshotSlice(kSliceRows);
      continue;
    }
    MutexLock lock(mutex_);
    if (jobs_.empty() && !stopping_) posted_.wait_for(mutex_, kBacklogPause);
  }
}

Status ShardOwner::Apply(const StepState& step, const StepState* keys_of) {
  if (keys_of == nullptr) return Status::Ok();
  for (Shard& shard : shards_) {
    RETURN_IF_ERROR(shard.Apply(step, *keys_of, &workspace_));
    BoundSideMemory(&shard);
  }
  return Status::Ok();
}

void ShardOwner::BeginSnapshot(uint32_t id, uint64_t step,
                               const std::vector<std::shared_ptr<StepState>>& pending) {
  // A row remembers one snapshot only, so two cannot run at a time. What is left of the last one
  // goes to the writer, which drops it: it has been told of this one.
  FinishSnapshot();
  for (Shard& shard : shards_) {
    shard.BeginSnapshot(id, step, pending);
    snapshotting_.push_back(&shard);
  }
}

void ShardOwner::FinishSnapshot() {
  while (SnapshotWorkLeft()) WriteSnapshotSlice(UINT32_MAX);
}

void ShardOwner::WriteSnapshotSlice(uint32_t max_rows) {
  WriteSnapshotOf(snapshotting_.front(), max_rows);
}

void ShardOwner::WriteSnapshotOf(Shard* shard, uint32_t max_rows) {
  ShardSnapshot& snapshot = *shard->snapshot();
  const TraceSpan span("checkpoint rows", "shard", snapshot.shard());
  std::string block;
  const bool complete = snapshot.WriteSome(max_rows, &block);
  writer_.Append(snapshot.step(), snapshot.shard(), std::move(block), complete, snapshot.rows());
  if (!complete) return;
  shard->EndSnapshot();
  snapshotting_.erase(std::find(snapshotting_.begin(), snapshotting_.end(), shard));
}

// Writes the shard out at once when too many rows are copied aside: its rows are then in the file,
// and updates of it copy nothing any more. A step waits for that, which is the price of the bound.
void ShardOwner::BoundSideMemory(Shard* shard) {
  if (shard->snapshot() == nullptr) return;
  uint64_t bytes = 0;
  for (Shard* other : snapshotting_) bytes += other->snapshot()->side_bytes();
  while (bytes > side_limit_bytes_ && shard->snapshot() != nullptr)
    WriteSnapshotOf(shard, UINT32_MAX);
}

}  // namespace chorus::ps
