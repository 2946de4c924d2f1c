#include "ps/key_index.h"

#include <cstring>

#include "common/aligned_memory.h"

namespace chorus::ps {
namespace {

constexpr uint64_t kFirstCapacity = 64;

}  // namespace

bool KeyIndex::PrepareInsert() {
  if ((size_ + 1) * 4 <= capacity_ * 3) return true;  // at most three quarters full
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
  size_ = 0;
}

}  // namespace chorus::ps
