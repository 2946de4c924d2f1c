#pragma once
// The way back from a key to its id (common/key.h): MakeKey is a bijection of ids, whatever the key
// space. Thread safety: pure functions.

#include <cstdint>
#include <string>

#include "common/key.h"

namespace chorus::worker {

// The inverse of Mix.
constexpr uint64_t Unmix(uint64_t x) {
  x ^= x >> 31 ^ x >> 62;
  x *= 0x319642b2d24d8ec3ULL;  // of 0x94d049bb133111eb, modulo 2^64
  x ^= x >> 27 ^ x >> 54;
  x *= 0x96de1b173f119089ULL;  // of 0xbf58476d1ce4e5b9
  x ^= x >> 30 ^ x >> 60;
  return x;
}
constexpr uint64_t IdOfKey(uint64_t space_seed, Key key) { return Unmix(key) ^ space_seed; }

// Appends a text that IdFromText makes this id of: the integer that it is, from -2^31 on. Where the
// id was made of a text, the integer is its hash: the text itself is nowhere in a log.
void AppendId(uint64_t id, std::string* out);

}  // namespace chorus::worker
