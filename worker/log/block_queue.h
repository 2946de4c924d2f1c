#pragma once
// Blocks that come one after the other, cut into grains in their order: what DataConfig.SEQUENTIAL
// makes of a log that holds the same blocks (grain_reader.h), without the log. Thread safety: none.

#include <cstdint>
#include <deque>

#include "worker/log/batch.h"
#include "worker/log/window.h"

namespace chorus::worker {

class BlockQueue {
 public:
  explicit BlockQueue(const LogSchema& schema) : schema_(schema) {}

  // A block of one row or more, with the columns of the schema.
  void Push(Batch block);
  uint64_t rows() const { return rows_; }  // that wait
  // Moves the next `count` rows, or all that wait, into *out (its memory is reused).
  void Take(uint64_t count, Batch* out);
  void Skip(uint64_t count);

 private:
  // Calls use(window, begin, rows) for the windows of the next `count` rows, which then are gone.
  template <typename Use>
  void Consume(uint64_t count, const Use& use);

  const LogSchema schema_;
  std::deque<Window> windows_;  // of one block each
  uint64_t begin_ = 0;          // the first row of the first window that waits
  uint64_t rows_ = 0;
  ContextNumbers numbers_;
};

}  // namespace chorus::worker
