#pragma once
// The memory that the rows of one server and their indices may take, and how many rows there are.
// Tables reserve memory before they allocate it, so that a server at its limit refuses a new row
// instead of being killed.
// Thread safety: any thread.

#include <atomic>
#include <cstdint>

namespace chorus::ps {

class MemoryBudget {
 public:
  explicit MemoryBudget(uint64_t limit_bytes) : limit_bytes_(limit_bytes) {}  // 0 = no limit

  // Returns false, and reserves nothing, if the limit would be passed.
  bool Reserve(uint64_t bytes) {
    const uint64_t used = used_bytes_.fetch_add(bytes) + bytes;
    if (limit_bytes_ == 0 || used <= limit_bytes_) return true;
    used_bytes_.fetch_sub(bytes);
    return false;
  }
  void Release(uint64_t bytes) { used_bytes_.fetch_sub(bytes); }

  uint64_t used_bytes() const { return used_bytes_.load(); }

  // Relaxed: the number is only shown to people.
  void CountRow() { rows_.fetch_add(1, std::memory_order_relaxed); }
  void ForgetRows(uint64_t rows) { rows_.fetch_sub(rows, std::memory_order_relaxed); }
  uint64_t rows() const { return rows_.load(std::memory_order_relaxed); }

 private:
  const uint64_t limit_bytes_;
  std::atomic<uint64_t> used_bytes_{0};
  std::atomic<uint64_t> rows_{0};
};

}  // namespace chorus::ps
