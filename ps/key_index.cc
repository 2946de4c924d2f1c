#include "ps/key_index.h"

#include <cstring>

#include "common/aligned_memory.h"

namespace chorus::ps {
namespace {

constexpr uint64_t kFirstCapacity = 64;

// The bits of a number in reverse order (van der Corput's sequence): each of 0, 1, 2, 3, ... falls
// in the middle of a gap that those before it leave, so that any run of turns is spread evenly.
uint32_t Reversed(uint16_t bits) {
  uint32_t reversed = 0;
  for (int i = 0; i < 16; ++i) reversed |= ((bits >> i) & 1u) << (15 - i);
  return reversed;
}

}  // namespace

uint64_t KeyIndex::LimitOf(uint64_t capacity, uint32_t turn) {
  return capacity / 2 + ((capacity / 4 * Reversed(static_cast<uint16_t>(turn))) >> 16);
}

uint64_t KeyIndex::BytesOf(uint64_t size, uint32_t turn) {
  if (size == 0) return 0;
  uint64_t capacity = kFirstCapacity;
  while (size > LimitOf(capacity, turn)) capacity *= 2;
  return capacity * sizeof(Entry);
}

bool KeyIndex::PrepareInsert() {
  if (size_ < limit_) return true;
  const uint64_t capacity = capacity_ == 0 ? kFirstCapacity : capacity_ * 2;
  const uint64_t bytes = capacity * sizeof(Entry);
  if (!budget_->Reserve(bytes)) return false;
  std::unique_ptr<Entry[], Free> old(static_cast<Entry*>(AllocateAligned(bytes)));
  if (old == nullptr) {
    budget_->Release(bytes);
    return false;
  }
  std::memset(static_cast<void*>(old.get()), 0xff, bytes);  // row = kNone everywhere
  old.swap(entries_);
  const uint64_t old_capacity = capacity_;
  capacity_ = capacity;
  limit_ = LimitOf(capacity, turn_);
  size_ = 0;
  for (uint64_t i = 0; i < old_capacity; ++i) {
    if (old[i].row != RowArena::kNone) Insert(old[i].hash, old[i].row);
  }
  budget_->Release(old_capacity * sizeof(Entry));
  return true;
}

void KeyIndex::Insert(uint32_t hash, uint32_t row) {
  uint64_t at = Home(hash);
  while (entries_[at].row != RowArena::kNone) at = (at + 1) & (capacity_ - 1);
  entries_[at] = {hash, row};
  ++size_;
}

void KeyIndex::Clear() {
  budget_->Release(capacity_ * sizeof(Entry));
  entries_.reset();
  capacity_ = 0;
  limit_ = 0;
  size_ = 0;
}

}  // namespace chorus::ps
