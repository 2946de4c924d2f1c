#pragma once
// The keys of a worker's part of a step, each once: what it asks the servers for, and where each
// key of each grain stands in that answer. Shared by all embedding groups, whose tables hold the
// same keys. Thread safety: none; the reader thread owns it.

#include <cstdint>
#include <vector>

#include "worker/log/batch.h"
#include "worker/model/slot_tables.h"
#include "worker/servers/ps_client.h"

namespace chorus::worker {

// For every key of a grain, its position in TableKeys.keys of its slot's table; parallel to
// SlotColumn.keys. Empty for ignored slots.
struct GrainPositions {
  std::vector<std::vector<uint32_t>> context;   // [slot][nnz]
  std::vector<std::vector<uint32_t>> exposure;  // [slot][nnz]
};

class SparseLookup {
 public:
  // tables: number of configured tables.
  SparseLookup(SlotTables slot_tables, uint32_t tables, uint32_t shards);

  // Collects the unique keys of `grains`, grouped by shard. keys: [tables], positions: [grains];
  // both reused.
  void Resolve(const std::vector<Batch>& grains, std::vector<TableKeys>* keys,
               std::vector<GrainPositions>* positions);

 private:
  // An open-addressing set of keys that hands out numbers in order of first sight.
  class Numbering {
   public:
    void Clear();
    // Appends the numbers of `keys`.
    void AddNumbers(const std::vector<Key>& keys, std::vector<uint32_t>* numbers);
    const std::vector<Key>& keys() const { return keys_; }

   private:
    struct Entry {
      Key key = 0;
      uint32_t number = 0;
      uint32_t round = 0;  // taken in the round of this number, free in others
    };
    uint32_t NumberOf(Key key);
    void Grow();
    std::vector<Entry> entries_;  // a power of two; at most half are taken
    uint32_t round_ = 0;
    std::vector<Key> keys_;  // by number
  };

  void ResolveColumn(const SlotColumn& column, int table, std::vector<uint32_t>* positions);
  // Moves the table's keys into the order of their shards; order_[number] becomes the position.
  void GroupByShard(const Numbering& numbering, TableKeys* out);

  const SlotTables slot_tables_;
  const uint32_t shards_;
  std::vector<Numbering> numberings_;         // [tables]
  std::vector<std::vector<uint32_t>> order_;  // [tables][number] -> position
};

}  // namespace chorus::worker
