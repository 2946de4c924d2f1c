#pragma once
// Counter-based random numbers: each one is a function of the seed, its purpose and its counters,
// so that results do not depend on order, threads or machines, and a resumed run needs no generator
// state.
//   Random(seed, RandomPurpose::kRowInitializer, table, key, lane)
// Thread safety: pure functions.

#include <cstdint>
#include <vector>

#include "common/key.h"

namespace chorus {

// What numbers are drawn for: the streams of two purposes never collide. The values of this enum
// are part of every result: never change one.
enum class RandomPurpose : uint64_t {
  kRowInitializer = 1,
  kDenseInitializer = 2,
  kBlockOrder = 3,
  kChunkOrder = 4,
  kDropout = 5,
  kSampling = 6,
  kSplit = 7,
  kWorld = 8,
  kTest = 9,
};

// A 64-bit hash of all counters: Mix is applied to a running Weyl sequence, one round per counter.
template <typename... Counters>
constexpr uint64_t Random(uint64_t seed, RandomPurpose purpose, Counters... counters) {
  uint64_t state = Mix(seed + 0x9e3779b97f4a7c15ULL);
  state = Mix(state + 0x9e3779b97f4a7c15ULL * (static_cast<uint64_t>(purpose) + 1));
  ((state = Mix((state ^ static_cast<uint64_t>(counters)) + 0x9e3779b97f4a7c15ULL)), ...);
  return state;
}

constexpr double ToUniform(uint64_t bits) {  // [0, 1), 53 bits
  return static_cast<double>(bits >> 11) * 0x1.0p-53;
}
constexpr double ToOpenUniform(uint64_t bits) {  // (0, 1), 52 bits and a half
  return (static_cast<double>(bits >> 12) + 0.5) * 0x1.0p-52;
}
constexpr uint32_t ToBelow(uint64_t bits, uint32_t n) {  // [0, n), with a bias under n / 2^32
  return static_cast<uint32_t>(((bits >> 32) * n) >> 32);
}
// Standard normal by inversion (Wichura 1988, AS 241 PPND16, relative error 1e-16), with our own
// log: the same bits on every CPU.
double ToNormal(uint64_t bits);

// The permutation of 0..n-1 that a Fisher-Yates shuffle with these counters makes.
std::vector<uint32_t> RandomPermutation(uint32_t n, uint64_t seed, RandomPurpose purpose,
                                        uint64_t a, uint64_t b);

}  // namespace chorus
