#pragma once
// The rows of one table instance in one logical shard, by key.
// Thread safety: none; the shard's owner thread makes every call.

#include <cstdint>
#include <span>

#include "common/key.h"
#include "common/status.h"
#include "ps/key_index.h"
#include "ps/memory_budget.h"
#include "ps/row_arena.h"
#include "ps/table_type.h"

namespace chorus::ps {

class Table {
 public:
  // growth_turn: the number of this table among those that fill at one rate, see KeyIndex and
  // RowArena.
  Table(const TableType* type, MemoryBudget* budget, uint32_t growth_turn = 0)
      : type_(type),
        arena_(growth_turn, type->layout.stride_bytes(), budget),
        index_(growth_turn, budget) {}

  // rows[i] = the number of the row of keys[i], which is created with its initial value if there is
  // none. weights: [n, dim], copied out of the rows; null = not wanted.
  // Error: kResourceExhausted if a new row would pass the memory limit; the rows of earlier keys
  // stay.
  Status LookUp(std::span<const Key> keys, uint32_t* rows, float* weights);
  // weights: [n, dim]. seen: [n], 1 or 0. Creates no row: a key that was never updated is not seen,
  // and reads as TableConfig.unseen says.
  void Read(std::span<const Key> keys, float* weights, uint8_t* seen) const;

  // The row of a key, which is created if there is none; null if memory is used up.
  RowHeader* FindOrCreate(Key key);

  const TableType& type() const { return *type_; }
  uint32_t size() const { return arena_.size(); }
  RowHeader* row(uint32_t index) const { return arena_.at(index); }
  void Clear();

 private:
  uint32_t Create(uint32_t hash, Key key);

  const TableType* type_;
  RowArena arena_;
  KeyIndex index_;
};

}  // namespace chorus::ps
