#pragma once
// Copies of arrays that several threads share: they are noted first, then done all at once, in
// pieces, so that a large array is not one thread's work. Who copies a piece changes no byte.
// Thread safety: none, but for Copy.

#include <cstddef>
#include <vector>

#include "common/status.h"
#include "worker/math/thread_pool.h"

namespace chorus::worker {

// Calls work(index, thread) for every index below n, by the threads of `pool`; null: by this one.
// Error: kInternal, no memory.
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

  // `from` stays as it is until it is copied; no two copies write one place.
  void Add(const void* from, void* to, size_t bytes);
  void Clear();
  size_t pieces() const { return pieces_.size(); }
  size_t bytes() const { return bytes_; }
  // Any thread, each piece once.
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
