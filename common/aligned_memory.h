#pragma once
// Memory for large arrays of numbers. Thread safety: any thread.

#include <cstdint>

namespace chorus {

constexpr uint64_t kCacheLine = 64;
constexpr uint64_t kHugePage = uint64_t{1} << 21;

// Returns at least `bytes` bytes at a multiple of kCacheLine, or null when no memory is left.
// Memory of kHugePage bytes or more begins at a multiple of kHugePage, and the system is asked for
// huge pages, which spare the translation of addresses much of its work. std::free gives it back.
void* AllocateAligned(uint64_t bytes);

// Works as AllocateAligned(kHugePage + bytes) does, but with small pages for the first kHugePage
// bytes. The system clears memory when it is touched first, a page at a time: arrays that fill at
// one rate begin at different places in these bytes, so that they reach their huge pages one after
// the other.
void* AllocateWithSmallHead(uint64_t bytes);

}  // namespace chorus
