#pragma once
// A block of bytes that the host fills and a device gets a copy of. Thread safety: none; arrays
// that were taken are anybody's to fill.

#include <cstddef>

namespace chorus::worker {

// Gives out arrays one after the other, each 256-byte aligned.
class PackedBlock {
 public:
  PackedBlock(std::byte* host, std::byte* device, size_t capacity)
      : host_(host), device_(device), capacity_(capacity) {}
  void Clear() { used_ = 0; }
  // Room for `count` elements: where the host writes them, and in *on_device where the device finds
  // them. Null once the block is full; full() then says so.
  template <typename T>
  T* Take(size_t count, const T** on_device) {
    const size_t begin = used_;
    used_ += (count * sizeof(T) + 255) / 256 * 256;
    *on_device = used_ <= capacity_ ? reinterpret_cast<const T*>(device_ + begin) : nullptr;
    return used_ <= capacity_ ? reinterpret_cast<T*>(host_ + begin) : nullptr;
  }
  size_t used() const { return used_; }
  size_t capacity() const { return capacity_; }
  bool full() const { return used_ > capacity_; }
  std::byte* host() const { return host_; }
  std::byte* device() const { return device_; }

 private:
  std::byte* const host_;
  std::byte* const device_;
  const size_t capacity_;
  size_t used_ = 0;  // bytes, also beyond the capacity
};

}  // namespace chorus::worker
