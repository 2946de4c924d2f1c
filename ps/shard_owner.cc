#include "ps/shard_owner.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace chorus::ps {
namespace {

constexpr uint32_t kSliceRows = 4096;               // about a millisecond of writing
constexpr uint64_t kMaxBacklogBytes = 64ull << 20;  // handed to the writer; more waits
constexpr std::chrono::milliseconds kBacklogPause{5};

}  // namespace

ShardOwner::ShardOwner(uint32_t begin, uint32_t end, const ServerShape* shape,
                       const std::vector<TableType>* types, MemoryBudget* budget,
                       SnapshotWriter* writer, bool count_gradients, uint64_t side_limit_bytes)
    : first_local_(begin),
      side_limit_bytes_(side_limit_bytes),
      writer_(*writer),
      workspace_(*types, count_gradients) {
  for (uint32_t local = begin; local < end; ++local)
    shards_.emplace_back(local, shape, types, budget);
  thread_ = std::thread([this] { Run(); });
}

ShardOwner::~ShardOwner() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  posted_.notify_all();
  thread_.join();
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
    if (!SnapshotWorkLeft()) continue;
    if (writer_.backlog_bytes() < kMaxBacklogBytes) {
      WriteSnapshotSlice(kSliceRows);
      continue;
    }
    MutexLock lock(mutex_);
    if (jobs_.empty() && !stopping_) posted_.wait_for(mutex_, kBacklogPause);
  }
}

void ShardOwner::Apply(const StepState& step, const StepState* keys_of) {
  if (keys_of == nullptr) return;
  for (Shard& shard : shards_) {
    shard.Apply(step, *keys_of, &workspace_);
    BoundSideMemory(&shard);
  }
}

void ShardOwner::BeginSnapshot(uint32_t id, uint64_t step,
                               const std::vector<std::shared_ptr<StepState>>& pending) {
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
  std::string block;
  const bool complete = snapshot.WriteSome(max_rows, &block);
  writer_.Append(snapshot.step(), snapshot.shard(), std::move(block), complete, snapshot.rows());
  if (!complete) return;
  shard->EndSnapshot();
  snapshotting_.erase(std::find(snapshotting_.begin(), snapshotting_.end(), shard));
}

void ShardOwner::BoundSideMemory(Shard* shard) {
  if (shard->snapshot() == nullptr) return;
  uint64_t bytes = 0;
  for (Shard* other : snapshotting_) bytes += other->snapshot()->side_bytes();
  while (bytes > side_limit_bytes_ && shard->snapshot() != nullptr)
    WriteSnapshotOf(shard, UINT32_MAX);
}

}  // namespace chorus::ps
