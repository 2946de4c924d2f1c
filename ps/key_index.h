#pragma once
// The index of a table in a shard: from 64-bit keys to row numbers, by open addressing with linear
// probing over 8-byte entries {32 bits of the key's hash, row number}. The full key is in the row
// itself, which a look-up touches anyway, so that every key value is allowed and no two keys are
// taken for one. Growth copies the entries in order without touching rows. It takes milliseconds per
// million entries; indices that fill at one rate, those of a table's shards, therefore grow by turns,
// and no step waits for all of them.
// Thread safety: none.

#include <cstdint>
#include <cstdlib>
#include <memory>

#include "common/key.h"
#include "ps/memory_budget.h"
#include "ps/row_arena.h"

namespace chorus::ps {

class KeyIndex {
 public:
  // turn: the number (0, 1, 2, ...) of this index among those that fill at one rate; it decides at
  // which fill this one grows.
  KeyIndex(uint32_t turn, MemoryBudget* budget) : turn_(turn), budget_(budget) {}
  ~KeyIndex() { Clear(); }
  KeyIndex(const KeyIndex&) = delete;
  KeyIndex& operator=(const KeyIndex&) = delete;

  // The most entries that an index of `capacity` holds before it grows: between half and three
  // quarters of the capacity, spread evenly over the turns.
  static uint64_t LimitOf(uint64_t capacity, uint32_t turn);
  // The memory of an index of `size` entries, none of which was ever removed.
  static uint64_t BytesOf(uint64_t size, uint32_t turn);

  // The hash is independent of ShardOf, so that the keys of one shard spread over its index.
  static uint32_t HashOf(Key key) {
    return static_cast<uint32_t>(Mix(key ^ 0x7ab1e0f0e1e5ULL) >> 32);
  }

  void Prefetch(uint32_t hash) const { __builtin_prefetch(entries_.get() + Home(hash)); }
  // The first row with this hash, which is very likely the key's row if that exists. kNone: the key
  // has no row.
  uint32_t Guess(uint32_t hash) const {
    if (capacity_ == 0) return RowArena::kNone;
    for (uint64_t at = Home(hash);; at = (at + 1) & (capacity_ - 1)) {
      if (entries_[at].row == RowArena::kNone || entries_[at].hash == hash) return entries_[at].row;
    }
  }
  // The row of `key`, or kNone.
  uint32_t Find(uint32_t hash, Key key, const RowArena& rows) const {
    if (capacity_ == 0) return RowArena::kNone;
    for (uint64_t at = Home(hash);; at = (at + 1) & (capacity_ - 1)) {
      const Entry entry = entries_[at];
      if (entry.row == RowArena::kNone) return entry.row;
      if (entry.hash == hash && rows.at(entry.row)->key == key) return entry.row;
    }
  }
  // Makes room for one more entry; false if memory is used up.
  bool PrepareInsert();
  // REQUIRES: PrepareInsert() returned true since the last Insert; the key is absent.
  void Insert(uint32_t hash, uint32_t row);
  void Clear();

 private:
  struct Entry {
    uint32_t hash;
    uint32_t row;
  };
  struct Free {
    void operator()(Entry* entries) const { std::free(entries); }
  };

  // The place is given by the hash's top bits: it doubles with the capacity, so that growth moves
  // entries in order.
  uint64_t Home(uint32_t hash) const { return (uint64_t{hash} * capacity_) >> 32; }

  const uint32_t turn_;
  MemoryBudget* const budget_;
  std::unique_ptr<Entry[], Free> entries_;
  uint64_t capacity_ = 0;  // 0 or a power of two
  uint64_t limit_ = 0;     // entries before it grows, LimitOf
  uint64_t size_ = 0;
};

}  // namespace chorus::ps
