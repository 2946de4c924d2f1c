#pragma once
// One floating-point mode for every thread whose arithmetic reaches the model: denormals read and
// written as zero (FTZ and DAZ), rounding to nearest, no traps. A thread inherits the mode of its
// creator, which may be anything inside a foreign program: hence every such thread sets it first.
// Thread safety: sets the calling thread's mode only.

#include <immintrin.h>

namespace chorus::worker {

inline void SetFloatingPointMode() {
  constexpr unsigned kAllExceptionsMasked = 0x1f80;
  constexpr unsigned kFlushToZero = 0x8000;
  constexpr unsigned kDenormalsAreZero = 0x0040;
  _mm_setcsr(kAllExceptionsMasked | kFlushToZero | kDenormalsAreZero);
}

}  // namespace chorus::worker
