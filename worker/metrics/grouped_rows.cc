#include "worker/metrics/grouped_rows.h"

#include "common/key.h"
#include "common/mutex.h"
#include "common/parallel_for.h"

namespace chorus::worker {
namespace {

constexpr uint32_t kBuckets = 256;

// Groups may be small numbers: neither who has them nor their bucket may depend on how users are
// numbered.
uint64_t HashOfGroup(uint64_t group) { return Mix(group ^ 0x67726f7570730aULL); }

}  // namespace

uint32_t WorkerOfGroup(uint64_t group, uint32_t workers) {
  return static_cast<uint32_t>(((HashOfGroup(group) >> 32) * workers) >> 32);
}

GroupedRows::GroupedRows() : buckets_(kBuckets) {}

void GroupedRows::Add(const GroupedRow& row) {
  buckets_[HashOfGroup(row.group) % kBuckets].push_back(row);
  ++rows_;
}

GroupSums GroupedRows::TakeSums(std::span<const uint32_t> k, uint32_t threads) {
  Mutex mutex;
  GroupSums all(k);  // exact sums: which bucket is added first does not matter
  ParallelFor(kBuckets, threads, [&](uint64_t b) {
    if (buckets_[b].empty()) return;
    const std::vector<GroupedRow> rows(buckets_[b].begin(), buckets_[b].end());
    std::deque<GroupedRow>().swap(buckets_[b]);
    GroupSums sums(k);
    sums.Add(rows);
    MutexLock lock(mutex);
    all.Merge(sums);
  });
  rows_ = 0;
  return all;
}

}  // namespace chorus::worker
