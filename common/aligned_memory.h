#pragma once
// Memory for large arrays of numbers. Thread safety: any thread.

#include <cstdint>

namespace chorus {

constexpr uint64_t kCacheLine = 64;
constexpr uint64_t kHugePage = uint64_t{1} << 21;

// At least `bytes` bytes, at a multiple of kCacheLine; null when there are none left. Of kHugePage
// or more it is at a multiple of that, and the system is asked for huge pages, which spare the
// translation of addresses much of its work. std::free gives it back.
void* AllocateAligned(uint64_t bytes);

// As AllocateAligned(kHugePage + bytes), with small pages for the first kHugePage bytes: the system
// clears memory as it is touched first, a page at a time. Arrays that fill at one rate begin at
// different places in these bytes, so that they reach their huge pages one after the other.
void* AllocateWithSmallHead(uint64_t bytes);

}  // namespace chorus
