#include "ps/row_arena.h"

#include <cstdlib>

#include "common/aligned_memory.h"

namespace chorus::ps {
namespace {

uint64_t RoundUp(uint64_t value, uint64_t unit) { return (value + unit - 1) / unit * unit; }

}  // namespace

uint32_t RowArena::Append() {
  if (size_ == kNone) return kNone;
  // Memory is charged as it is touched, 64 rows at a time: the half of a slab that no row has
  // reached yet takes no memory.
  if (size_ % kFirstRows == 0) {
    if (!budget_->Reserve(uint64_t{kFirstRows} * stride_bytes_)) return kNone;
    const int slab = std::bit_width(size_ | (kFirstRows - 1)) - kFirstBits;
    if (slab == slabs_ && !AddSlab(slab)) {
      budget_->Release(uint64_t{kFirstRows} * stride_bytes_);
      return kNone;
    }
  }
  budget_->CountRow();
  return size_++;
}

bool RowArena::AddSlab(int slab) {
  const uint64_t first = slab == 0 ? 0 : uint64_t{1} << (slab + kFirstBits - 1);
  const uint64_t rows = slab == 0 ? kFirstRows : first;
  const uint64_t bytes = rows * stride_bytes_;
  const bool large = bytes >= kHugePage;
  void* const memory = large ? AllocateWithSmallHead(bytes) : AllocateAligned(bytes);
  if (memory == nullptr) return false;
  constexpr uint64_t kTurns = 64;
  const uint64_t offset = large ? turn_ % kTurns * (kHugePage / kTurns) : 0;
  memory_[slab] = memory;
  origins_[slab] = reinterpret_cast<uintptr_t>(memory) + offset - first * stride_bytes_;
  ++slabs_;
  return true;
}

void RowArena::Clear() {
  budget_->Release(RoundUp(size_, kFirstRows) * stride_bytes_);
  budget_->ForgetRows(size_);
  for (int slab = 0; slab < slabs_; ++slab) std::free(memory_[slab]);
  slabs_ = 0;
  size_ = 0;
}

}  // namespace chorus::ps
