#pragma once
// Whether floats are numbers. Thread safety: pure function.

#include <bit>
#include <cstdint>
#include <span>

namespace chorus {

// True when no value is infinite or NaN. The test is on bits (all ones in the exponent), since a
// compiler may assume away a comparison of floats, and it has no early exit, so that it runs
// several lanes at once.
inline bool AllFinite(std::span<const float> values) {
  constexpr uint32_t kExponent = 0x7f800000u;
  uint32_t bad = 0;
  for (const float value : values) {
    bad |= (std::bit_cast<uint32_t>(value) & kExponent) == kExponent ? 1u : 0u;
  }
  return bad == 0;
}

}  // namespace chorus
