#include "common/aligned_memory.h"

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>

namespace chorus {

void* AllocateAligned(uint64_t bytes) {
  const bool huge = bytes >= kHugePage;
  const uint64_t alignment = huge ? kHugePage : kCacheLine;
  const uint64_t size = (bytes + alignment - 1) / alignment * alignment;
  void* const memory = std::aligned_alloc(alignment, size);
  if (memory != nullptr && huge) madvise(memory, size, MADV_HUGEPAGE);  // advice: works without
  return memory;
}

void* AllocateWithSmallHead(uint64_t bytes) {
  const uint64_t size = (bytes + kHugePage - 1) / kHugePage * kHugePage + kHugePage;
  auto* const memory = static_cast<std::byte*>(std::aligned_alloc(kHugePage, size));
  if (memory == nullptr) return nullptr;
  madvise(memory, kHugePage, MADV_NOHUGEPAGE);  // also where the system gives them unasked
  madvise(memory + kHugePage, size - kHugePage, MADV_HUGEPAGE);
  return memory;
}

}  // namespace chorus
