#pragma once
// While it exists, the caller's thread computes as a worker's thread does. Its end restores the
// thread's floating-point mode, and its number of OpenMP threads, which the library of products
// sets to 1. Thread safety: it belongs to the thread that makes it.

#include <omp.h>
#include <xmmintrin.h>

#include "worker/math/floating_point_mode.h"

namespace chorus::launch {

class ComputingThread {
 public:
  ComputingThread() : mode_(_mm_getcsr()), threads_(omp_get_max_threads()) {
    worker::SetFloatingPointMode();
    omp_set_num_threads(1);
  }
  ~ComputingThread() {
    omp_set_num_threads(threads_);
    _mm_setcsr(mode_);
  }
  ComputingThread(const ComputingThread&) = delete;
  ComputingThread& operator=(const ComputingThread&) = delete;

 private:
  const unsigned mode_;
  const int threads_;
};

}  // namespace chorus::launch
