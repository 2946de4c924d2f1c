#pragma once
// Keys: the numbers under which servers store rows. A key is made from a key space (a name; by
// default the slot's) and an id, once, when a log is written; nothing after that sees ids again.
// The hash is fixed for ever:
//
//   Mix(x)         = splitmix64's finaliser (a bijection of 64 bits)
//   SpaceSeed(s)   = Mix(XXH64(bytes of s, seed 0))
//   key(s, id)     = Mix(id ^ SpaceSeed(s))                 integer ids, two's complement
//   key(s, text)   = key(s, XXH64(bytes of text, seed 0))   ids that are no integers
//
// Integer ids of one space never collide.
//
// Thread safety: pure functions.

#include <cstdint>
#include <string_view>

namespace chorus {

using Key = uint64_t;

// splitmix64's finaliser (Steele et al. 2014, variant 13 of Stafford's mixers).
constexpr uint64_t Mix(uint64_t x) {
  x ^= x >> 30;
  x *= 0xbf58476d1ce4e5b9ULL;
  x ^= x >> 27;
  x *= 0x94d049bb133111ebULL;
  x ^= x >> 31;
  return x;
}

uint64_t SpaceSeed(std::string_view key_space);
constexpr Key MakeKey(uint64_t space_seed, uint64_t id) { return Mix(id ^ space_seed); }
// The id that a user's text is: a decimal integer in [-2^63, 2^64) without leading '+' or zeros
// counts as that integer, everything else as text.
uint64_t IdFromText(std::string_view text);

// Which of `shards` logical shards holds a key. Fixed for ever: checkpoints are cut by it.
constexpr uint32_t ShardOf(Key key, uint32_t shards) {
  return static_cast<uint32_t>(((Mix(key ^ 0x5ca1ab1e0ddba11ULL) >> 32) * shards) >> 32);
}

}  // namespace chorus
