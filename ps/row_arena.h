#pragma once
// Rows of fixed stride under stable 32-bit indices 0, 1, 2, ... Memory comes in slabs that double
// (64 rows, 64, 128, 256, ...), on huge pages once they are large. Rows never move, and are not
// freed one by one.
// Thread safety: none.

#include <bit>
#include <cstdint>

#include "ps/memory_budget.h"
#include "ps/row.h"

namespace chorus::ps {

class RowArena {
 public:
  static constexpr uint32_t kNone = 0xffffffffu;  // no row

  // turn: the number of this arena among those that fill at one rate; it lets them reach new pages of memory one after
  // the other.
  RowArena(uint32_t turn, uint32_t stride_bytes, MemoryBudget* budget)
      : turn_(turn), stride_bytes_(stride_bytes), budget_(budget) {}
  ~RowArena() { Clear(); }
  RowArena(const RowArena&) = delete;
  RowArena& operator=(const RowArena&) = delete;

  uint32_t size() const { return size_; }
  // REQUIRES: index < size().
  RowHeader* at(uint32_t index) const {
    // Slab 0 holds rows [0, 64), slab c >= 1 rows [2^(c+5), 2^(c+6)).
    const int slab = std::bit_width(index | (kFirstRows - 1)) - kFirstBits;
    return reinterpret_cast<RowHeader*>(origins_[slab] + uint64_t{index} * stride_bytes_);
  }
  // The index of a new row, uninitialised; kNone if memory or indices are used up.
  uint32_t Append();
  void Clear();  // frees everything

 private:
  static constexpr int kFirstBits = 6;
  static constexpr uint32_t kFirstRows = 1u << kFirstBits;
  static constexpr int kMaxSlabs = 32 - kFirstBits + 1;

  bool AddSlab(int slab);

  const uint32_t turn_;
  const uint32_t stride_bytes_;
  MemoryBudget* const budget_;
  uint32_t size_ = 0;
  int slabs_ = 0;
  uintptr_t origins_[kMaxSlabs] = {};  // where row 0 would be if the slab reached back to it
  void* memory_[kMaxSlabs] = {};
};

}  // namespace chorus::ps
