#pragma once
// Bins of equal size over rows in ascending order. Rows that stay together (a tie, or a bin of a
// histogram) are in the bin of their first row, which is bin floor(r count / n) when r of the n
// rows come before it. Bins without such a first row are left out. Thread safety: none.

#include <cstdint>

namespace chorus::worker {

class EqualBins {
 public:
  // rows: the number of all rows. REQUIRES: count > 0; rows > 0 when NextBegins is called.
  EqualBins(uint64_t rows, uint32_t count) : rows_(rows), count_(count) {}

  // Whether a new bin begins with the next rows that stay together. With the first rows one does.
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
  uint64_t end_ = 0;     // a row is in a later bin if at least this number of rows comes before it
};

}  // namespace chorus::worker
