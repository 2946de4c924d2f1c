#pragma once
// bfloat16, represented by its 16 bits, which are the upper half of a float. Compiled by g++ and
// nvcc. Thread safety: pure functions.

#include <cstdint>

#include "common/device_math.h"

namespace chorus::worker::cuda {

// The nearest bfloat16 of a float's bits, ties to even; NaN stays NaN.
CHORUS_HD inline uint16_t RoundToBf16(uint32_t bits) {
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<uint16_t>(bits >> 16 | 0x40u);
  return static_cast<uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

}  // namespace chorus::worker::cuda
