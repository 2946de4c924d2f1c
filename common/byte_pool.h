#pragma once
// The memory of frames' arrays, kept for the next ones: a step's arrays are about as large as the
// last step's, and fresh memory costs a page fault for each 4 KiB, which is more than the copy that
// fills it.
//
// Bound: the bytes in use and the bytes kept are, together, never more than the most that was in
// use at once; the block that was unused for longest is freed first. A block is up to an eighth
// larger than what it was made for, and serves whatever needs half of it or more. Pieces smaller
// than kSmallestBlock come from the C library, which is as good for them.
// Thread safety: any thread; a block may end on another thread than the one that took it.

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

  // Returns at least `bytes` bytes, aligned and uninitialised; they come back to the pool when
  // their last owner ends. REQUIRES: the pool outlives them; bytes > 0.
  std::shared_ptr<std::byte> Take(size_t bytes);

  // Bytes of the blocks in use, and of those kept; pieces from the C library are not counted.
  size_t used() const;
  size_t kept() const;

 private:
  struct Block {
    std::byte* data = nullptr;
    size_t bytes = 0;
  };

  Block TakeKept(size_t bytes);  // its data is null if none fits
  Block Make(size_t bytes);
  void GiveBack(Block block);

  mutable Mutex mutex_;
  std::vector<Block> blocks_ GUARDED_BY(mutex_);  // kept, the longest unused first
  size_t kept_ GUARDED_BY(mutex_) = 0;
  size_t used_ GUARDED_BY(mutex_) = 0;
  size_t most_used_ GUARDED_BY(mutex_) = 0;
};

}  // namespace chorus
