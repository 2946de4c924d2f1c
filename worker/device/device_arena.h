#pragma once
// Memory of a device that is taken in one block. All users take their parts twice: the first time
// the arena only counts bytes, and after Start it gives out memory. Thread safety: none.

#include <cstdint>

#include "worker/math/aligned_matrix.h"

namespace chorus::worker {

class DeviceArena final : public MatrixMemory {
 public:
  float* Take(int64_t floats) override { return TakeOf<float>(floats); }

  // count elements, 256-byte aligned; null while counting.
  template <typename T>
  T* TakeOf(int64_t count) {
    std::byte* const at = base_ == nullptr ? nullptr : base_ + used_;
    used_ += (static_cast<size_t>(count) * sizeof(T) + 255) / 256 * 256;
    return reinterpret_cast<T*>(at);
  }

  size_t used() const { return used_; }  // bytes
  // From now on memory is given out, from `base` on.  base: used() bytes.
  void Start(std::byte* base) {
    base_ = base;
    used_ = 0;
  }

 private:
  std::byte* base_ = nullptr;
  size_t used_ = 0;
};

}  // namespace chorus::worker
