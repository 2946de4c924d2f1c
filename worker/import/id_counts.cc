#include "worker/import/id_counts.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

namespace chorus::worker {
namespace {

constexpr size_t kFirstTablePlaces = 1024;

}  // namespace

KeySet::KeySet(const std::vector<Key>& keys)
    : table_(std::bit_ceil(2 * keys.size() + 2), 0), mask_(table_.size() - 1) {
  for (const Key key : keys) {
    if (key == 0) {
      has_zero_ = true;
      continue;
    }
    size_t at = key & mask_;
    while (table_[at] != 0) at = (at + 1) & mask_;
    table_[at] = key;
  }
}

// Counts up to a limit, in open addressing: keys are hashes already.
class IdCounts::Table {
 public:
  static constexpr size_t kPlaceBytes = sizeof(Key) + sizeof(uint32_t);

  explicit Table(uint32_t limit) : limit_(limit) { Resize(kFirstTablePlaces); }
  size_t bytes() const { return keys_.size() * kPlaceBytes; }
  bool is_full() const { return used_ * 4 >= keys_.size() * 3; }
  void Grow() { Rebuild(2 * keys_.size(), std::numeric_limits<Key>::max()); }
  // Forgets keys beyond `last`.
  void Narrow(Key last) { Rebuild(keys_.size(), last); }
  void Clear() {
    used_ = 0;
    Resize(kFirstTablePlaces);
  }
  // REQUIRES: not full.
  void Add(Key key, uint32_t rows) {
    size_t at = key & mask_;
    while (counts_[at] != 0 && keys_[at] != key) at = (at + 1) & mask_;
    if (counts_[at] == 0) ++used_;
    keys_[at] = key;
    counts_[at] = rows < limit_ - counts_[at] ? counts_[at] + rows : limit_;
  }
  void AddKeysAtLimit(std::vector<Key>* keys) const {
    for (size_t i = 0; i < keys_.size(); ++i) {
      if (counts_[i] == limit_) keys->push_back(keys_[i]);
    }
  }

 private:
  void Rebuild(size_t places, Key last) {
    const std::vector<Key> keys = std::exchange(keys_, {});
    const std::vector<uint32_t> counts = std::exchange(counts_, {});
    used_ = 0;
    Resize(places);
    for (size_t i = 0; i < keys.size(); ++i) {
      if (counts[i] > 0 && keys[i] <= last) Add(keys[i], counts[i]);
    }
  }
  void Resize(size_t places) {
    keys_ = std::vector<Key>(places, 0);  // gives the memory of a larger one back
    counts_ = std::vector<uint32_t>(places, 0);
    mask_ = places - 1;
  }

  const uint32_t limit_;
  std::vector<Key> keys_;
  std::vector<uint32_t> counts_;  // 0: the place is empty
  size_t mask_ = 0;
  size_t used_ = 0;
};

IdCounts::IdCounts(const ColumnPlan& plan, uint64_t memory_bytes)
    : memory_bytes_(memory_bytes),
      contexts_(SlotsOf(plan.contexts)),
      exposures_(SlotsOf(plan.exposures)) {
  for (const auto* side : {&contexts_, &exposures_}) {
    for (const CountedSlot& counted : *side) used_bytes_ += counted.table->bytes();
  }
}

IdCounts::~IdCounts() = default;

std::vector<IdCounts::CountedSlot> IdCounts::SlotsOf(const SidePlan& side) {
  std::vector<CountedSlot> counted;
  for (uint32_t s = 0; s < side.slots.size(); ++s) {
    if (side.slots[s].min_count <= 1) continue;
    counted.push_back({s, std::make_unique<Table>(side.slots[s].min_count)});
  }
  return counted;
}

void IdCounts::Add(const ParsedSide& context, uint64_t context_serial, const ParsedSide& exposure) {
  if (!contexts_.empty()) {
    if (context_serial != context_serial_) {
      EndContext();
      context_ = context;
      context_serial_ = context_serial;
    }
    if (context_rows_ < std::numeric_limits<uint32_t>::max()) ++context_rows_;
  }
  AddSide(exposures_, exposure, 1);
}

void IdCounts::EndContext() {
  const uint32_t rows = std::exchange(context_rows_, 0);
  if (rows > 0) AddSide(contexts_, context_, rows);
}

void IdCounts::AddSide(std::vector<CountedSlot>& counted, const ParsedSide& row, uint32_t rows) {
  for (CountedSlot& slot : counted) {
    const uint32_t begin = slot.slot == 0 ? 0 : row.slot_ends[slot.slot - 1];
    scratch_.assign(row.keys.begin() + begin, row.keys.begin() + row.slot_ends[slot.slot]);
    std::sort(scratch_.begin(), scratch_.end());
    scratch_.erase(std::unique(scratch_.begin(), scratch_.end()), scratch_.end());
    for (const Key key : scratch_) {
      if (key < first_ || key > last_) continue;
      if (slot.table->is_full()) MakeRoom(slot.table.get());
      if (key <= last_) slot.table->Add(key, rows);
    }
  }
}

// For one key more: by a larger table, or by half of the pass's keys.
void IdCounts::MakeRoom(Table* table) {
  // While it grows, the table is in memory three times over.
  if (used_bytes_ + 2 * table->bytes() <= memory_bytes_) {
    used_bytes_ += table->bytes();
    table->Grow();
    return;
  }
  while (table->is_full()) {
    last_ = first_ + (last_ - first_) / 2;
    for (auto* side : {&contexts_, &exposures_}) {
      for (CountedSlot& slot : *side) slot.table->Narrow(last_);
    }
  }
}

bool IdCounts::EndPass() {
  EndContext();
  context_serial_ = 0;
  used_bytes_ = 0;
  for (auto* side : {&contexts_, &exposures_}) {
    for (CountedSlot& slot : *side) {
      slot.table->AddKeysAtLimit(&slot.kept);
      slot.table->Clear();
      used_bytes_ += slot.table->bytes();
    }
  }
  if (last_ == std::numeric_limits<Key>::max()) return true;
  first_ = last_ + 1;
  last_ = std::numeric_limits<Key>::max();
  return false;
}

void IdCounts::Finish(ColumnPlan* plan) {
  const auto give = [](std::vector<CountedSlot>& counted, SidePlan* side) {
    for (const CountedSlot& slot : counted) {
      side->slots[slot.slot].kept_ids = std::make_shared<KeySet>(slot.kept);
    }
    counted.clear();
  };
  give(contexts_, &plan->contexts);
  give(exposures_, &plan->exposures);
}

uint64_t DropRareIds(const KeySet& kept, size_t first, std::vector<Key>* keys,
                     std::vector<float>* values) {
  size_t to = first;
  for (size_t from = first; from < keys->size(); ++from) {
    if (!kept.Has((*keys)[from])) continue;
    (*keys)[to] = (*keys)[from];
    (*values)[to++] = (*values)[from];
  }
  const uint64_t dropped = keys->size() - to;
  keys->resize(to);
  values->resize(to);
  return dropped;
}

}  // namespace chorus::worker
