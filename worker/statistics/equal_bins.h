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
    end_ = (before_ / rows_ + 1) * rows_;
    return true;
  }
  void Add(uint64_t rows) { before_ += Wide{rows} * count_; }

 private:
  __extension__ typedef unsigned __int128 Wide;
  const uint64_t rows_;
  const uint32_t count_;
  Wide before_ = 0;  // rows added, times count
  Wide end_ = 0;     // likewise, where the bin ends
};

}  // namespace chorus::worker
