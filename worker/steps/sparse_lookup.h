#pragma once
// The unique keys of a worker's part of a step, which it asks the servers for, and the position of
// each key of each grain among them. All embedding groups share the result, since their tables hold
// the same keys. Thread safety: none; each reader thread has one of its own.

#include <cstdint>
#include <vector>

#include "worker/log/batch.h"
#include "worker/model/slot_reads.h"
#include "worker/servers/ps_client.h"

namespace chorus::worker {

// For every key of a grain that a read (slot_reads.h) looks up, its position in TableKeys.keys of
// the read's table, in the order of SlotColumn.keys.
struct GrainPositions {
  std::vector<std::vector<uint32_t>> context;   // [read][nnz]
  std::vector<std::vector<uint32_t>> exposure;  // [read][nnz]
};

class SparseLookup {
 public:
  // tables: number of configured tables.
  SparseLookup(SlotReads slot_reads, uint32_t tables, uint32_t shards);

  // Collects the unique keys of `grains`, grouped by shard; inside a shard they are in the order of
  // their first appearance.  keys: [tables].  positions: [grains].  Both are overwritten and keep
  // their memory.
  void Resolve(const std::vector<Batch>& grains, std::vector<TableKeys>* keys,
               std::vector<GrainPositions>* positions);

 private:
  // A hash set of keys by open addressing, which numbers the keys in the order of their first
  // appearance.
  class Numbering {
   public:
    void Clear();
    // Appends the number of each of `keys` to *numbers.
    void AddNumbers(const std::vector<Key>& keys, std::vector<uint32_t>* numbers);
    const std::vector<Key>& keys() const { return keys_; }

   private:
    struct Entry {
      Key key = 0;
      uint32_t number = 0;
      uint32_t round = 0;  // the entry is taken in this round, and free in all others
    };
    uint32_t NumberOf(Key key);
    void Grow();
    std::vector<Entry> entries_;  // a power of two; at most half are taken
    uint32_t round_ = 0;
    std::vector<Key> keys_;  // by number
  };

  // Writes the table's keys in the order of their shards, and the position of each to
  // order_[table][number].
  void GroupByShard(const Numbering& numbering, TableKeys* out);

  const SlotReads slot_reads_;
  const uint32_t shards_;
  std::vector<Numbering> numberings_;         // [tables]
  std::vector<std::vector<uint32_t>> order_;  // [tables][number] -> position
};

}  // namespace chorus::worker
