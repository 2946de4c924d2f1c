#pragma once
// The floating-point mode of every thread whose results reach the model: denormals are read and
// written as zero (FTZ and DAZ), rounding is to nearest, nothing traps. A thread inherits the mode
// of the thread that creates it, which may be any in a program that uses Chorus as a library, so
// each such thread sets the mode first. Thread safety: sets the mode of the calling thread only.

#include <immintrin.h>

namespace chorus::worker {

inline void SetFloatingPointMode() {
  constexpr unsigned kAllExceptionsMasked = 0x1f80;
  constexpr unsigned kFlushToZero = 0x8000;
  constexpr unsigned kDenormalsAreZero = 0x0040;
  _mm_setcsr(kAllExceptionsMasked | kFlushToZero | kDenormalsAreZero);
}

}  // namespace chorus::worker
