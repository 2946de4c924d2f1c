#pragma once
// Bins of equal size of rows in ascending order. Rows that stay together (a tie, a cell of a
// histogram) are in the bin in which the first of them falls: with r rows before it, of n, bin
// floor(r count / n). Bins in which no such first row falls are left out.
// Thread safety: none.

#include <cstdint>

namespace chorus::worker {

class EqualBins {
 public:
  // rows: of all bins together.  REQUIRES: count > 0; rows > 0 before NextBegins is called.
  EqualBins(uint64_t rows, uint32_t count) : rows_(rows), count_(count) {}

  // Whether the next rows that stay together begin a bin: the first ones do.
  bool NextBegins() {
    if (before_ < end_) return false;
    const Wide bin = Wide{before_} * count_ / rows_;
    end_ = static_cast<uint64_t>(((bin + 1) * rows_ + count_ - 1) / count_);
    return true;
  }
  void Add(uint64_t rows) { before_ += rows; }

 private:
  __extension__ typedef unsigned __int128 Wide;
  const uint64_t rows_;
  const uint32_t count_;
  uint64_t before_ = 0;  // rows added
  uint64_t end_ = 0;     // the least number of rows before those of a later bin
};

}  // namespace chorus::worker
