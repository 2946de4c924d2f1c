#pragma once
// A thread and the shards it owns. It alone touches their rows, so that rows need no locks. Jobs
// run in the order in which they were posted; between jobs, and when there is none, the thread goes
// on with a running snapshot.
// Thread safety: Post from any thread; everything else from within a job.

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/mutex.h"
#include "common/status.h"
#include "ps/shard.h"
#include "ps/snapshot_writer.h"

namespace chorus::ps {

class ShardOwner {
 public:
  using Job = std::function<void(ShardOwner& owner)>;

  // Owns the local shards [begin, end). side_limit_bytes: the memory that rows copied aside for a
  // snapshot may take here; beyond it their shard is written out at once. All pointers must outlive
  // the owner.
  ShardOwner(uint32_t begin, uint32_t end, const ServerShape* shape,
             const std::vector<TableType>* types, MemoryBudget* budget, SnapshotWriter* writer,
             uint64_t side_limit_bytes);
  ~ShardOwner();  // waits for the running job, and drops the others
  // Starts the thread; jobs wait until then. for_what: for messages. Error: kResourceExhausted.
  Status Start(const std::string& for_what);

  void Post(Job job);

  // The methods below are for jobs.
  std::deque<Shard>& shards() { return shards_; }
  uint32_t first_local() const { return first_local_; }
  // Applies the gradients that came with `step` to the rows that keys_of looked up; keys_of is null
  // if none came. Error: as Shard::Apply.
  Status Apply(const StepState& step, const StepState* keys_of);
  void BeginSnapshot(uint32_t id, uint64_t step,
                     const std::vector<std::shared_ptr<StepState>>& pending);
  void FinishSnapshot();  // hands all that is left to the writer

 private:
  void Run();
  bool SnapshotWorkLeft() const { return !snapshotting_.empty(); }
  void WriteSnapshotSlice(uint32_t max_rows);  // of the first shard that is not complete
  void WriteSnapshotOf(Shard* shard, uint32_t max_rows);
  void BoundSideMemory(Shard* shard);

  const uint32_t first_local_;
  const uint64_t side_limit_bytes_;
  SnapshotWriter& writer_;
  std::deque<Shard> shards_;
  ShardWorkspace workspace_;
  std::deque<Shard*> snapshotting_;  // shards whose files are not complete, in order

  Mutex mutex_;
  ConditionVariable posted_;
  std::deque<Job> jobs_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;  // the last member: it uses all of the above
};

}  // namespace chorus::ps
