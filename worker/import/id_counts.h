#pragma once
// In how many rows each id of a slot is, for slots with min_count: counted by a pass over the rows,
// asked by the next one. Memory: 16 to 32 bytes for each distinct id while they are counted, and as
// much for each one that is kept. Counts that do not fit into a limit are made by several passes,
// each for a range of keys that is as wide as fits: keys are hashes, and are spread evenly.
// Thread safety: IdCounts has one thread; a KeySet is only read, by many.

#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "worker/import/column_plan.h"
#include "worker/import/parsed_row.h"

namespace chorus::worker {

// A set of keys that does not change any more.
class KeySet {
 public:
  explicit KeySet(const std::vector<Key>& keys);  // each once
  bool Has(Key key) const {
    if (key == 0) return has_zero_;
    for (size_t at = key & mask_;; at = (at + 1) & mask_) {
      if (table_[at] == key) return true;
      if (table_[at] == 0) return false;
    }
  }

 private:
  std::vector<Key> table_;  // open addressing; 0 is an empty place
  size_t mask_ = 0;
  bool has_zero_ = false;
};

class IdCounts {
 public:
  // memory_bytes: of all counts together; a few kilobytes per slot are taken in any case.
  IdCounts(const ColumnPlan& plan, uint64_t memory_bytes);
  ~IdCounts();
  // Counts the ids of a row. An id that the row has twice counts once.  context_serial: as
  // BlockBuilder::Add takes it.
  void Add(const ParsedSide& context, uint64_t context_serial, const ParsedSide& exposure);
  // To be called after the last row. False: some ids are not counted yet, and all rows are to be
  // added once more.
  bool EndPass();
  // To be called after the last pass: gives every slot of *plan (the same, or a copy) that has
  // min_count the ids that are in enough rows.
  void Finish(ColumnPlan* plan);

 private:
  class Table;
  struct CountedSlot {
    uint32_t slot = 0;  // of its side
    std::unique_ptr<Table> table;
    std::vector<Key> kept = {};  // from earlier passes
  };

  void AddSide(std::vector<CountedSlot>& counted, const ParsedSide& row, uint32_t rows);
  void EndContext();
  void MakeRoom(Table* table);
  static std::vector<CountedSlot> SlotsOf(const SidePlan& side);

  const uint64_t memory_bytes_;
  uint64_t used_bytes_ = 0;
  std::vector<CountedSlot> contexts_, exposures_;
  // The keys that this pass counts.
  Key first_ = 0;
  Key last_ = std::numeric_limits<Key>::max();
  // The context of the last row, and how many rows it has had.
  ParsedSide context_;
  uint64_t context_serial_ = 0;
  uint32_t context_rows_ = 0;
  std::vector<Key> scratch_;
};

// Leaves out keys [first, end) of *keys, and their values, that are not `kept`. Returns how many.
uint64_t DropRareIds(const KeySet& kept, size_t first, std::vector<Key>* keys,
                     std::vector<float>* values);

}  // namespace chorus::worker
