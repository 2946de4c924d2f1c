#pragma once
// Copies of arrays by several threads. All copies are noted first and then done together, in
// pieces, so that the copy of a large array is shared, too. Thread safety: Copy may be called by
// any thread; the other methods by one, while none copies.

#include <cstddef>
#include <vector>

#include "common/status.h"
#include "worker/math/thread_pool.h"

namespace chorus::worker {

// Calls work(index, thread) for every index below n, on the threads of `pool`, or on this thread
// when `pool` is null. Error: kInternal when `work` throws, which is when memory runs out.
template <typename Work>
Status ShareOut(ThreadPool* pool, size_t n, const Work& work) {
  if (pool == nullptr || n < 2) {
    for (size_t i = 0; i < n; ++i) work(i, uint32_t{0});
    return Status::Ok();
  }
  return pool->ParallelFor(static_cast<uint32_t>(n), [&work](uint32_t index, uint32_t thread) {
    work(size_t{index}, thread);
    return Status::Ok();
  });
}

class ArrayCopies {
 public:
  static constexpr size_t kPieceBytes = size_t{256} << 10;  // at most

  // REQUIRES: `from` does not change until it has been copied; no two copies write the same byte.
  void Add(const void* from, void* to, size_t bytes);
  void Clear();
  size_t pieces() const { return pieces_.size(); }
  size_t bytes() const { return bytes_; }
  // Copies one of [0, pieces()). Each piece is to be copied once, by any thread.
  void Copy(size_t piece) const;

 private:
  struct Piece {
    const std::byte* from;
    std::byte* to;
    size_t bytes;
  };
  std::vector<Piece> pieces_;
  size_t bytes_ = 0;
};

}  // namespace chorus::worker
