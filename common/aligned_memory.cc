#include "common/aligned_memory.h"

#include <sys/mman.h>

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

}  // namespace chorus
