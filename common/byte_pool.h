#pragma once
// Memory of frames' arrays, kept for the next ones: a step's arrays are about as large as the last
// step's, and fresh memory costs a page fault for each 4 KiB, more than the copy that fills it.
//
// Bound: what is in use and what is kept never exceed, together, the most that was in use at once;
// the longest unused goes first. A block is up to an eighth larger than what it was made for, and
// serves whatever needs half of it or more. Below kSmallestBlock the C library is as good.
// Thread safety: any thread; another than took a block may end it.

#include <cstddef>
#include <memory>
#include <vector>

#include "common/mutex.h"

namespace chorus {

class BytePool {
 public:
  static constexpr size_t kAlignment = 64;  // a cache line, and the widest vector register
  static constexpr size_t kSmallestBlock = size_t{64} << 10;

  static BytePool& OfProcess();  // never ends

  BytePool() = default;
  ~BytePool();  // REQUIRES: nothing is in use
  BytePool(const BytePool&) = delete;
  BytePool& operator=(const BytePool&) = delete;

  // So many bytes at least, aligned, uninitialised; the last owner gives them back. REQUIRES: the
  // pool outlives them; bytes > 0.
  std::shared_ptr<std::byte> Take(size_t bytes);

  // Of blocks, in bytes; smaller pieces of memory are not counted.
  size_t used() const;
  size_t kept() const;

 private:
  struct Block {
    std::byte* data = nullptr;
    size_t bytes = 0;
  };

  Block TakeKept(size_t bytes);  // null if there is none that fits
  Block Make(size_t bytes);
  void GiveBack(Block block);

  mutable Mutex mutex_;
  std::vector<Block> blocks_ GUARDED_BY(mutex_);  // kept, the longest unused first
  size_t kept_ GUARDED_BY(mutex_) = 0;
  size_t used_ GUARDED_BY(mutex_) = 0;
  size_t most_used_ GUARDED_BY(mutex_) = 0;
};

}  // namespace chorus
