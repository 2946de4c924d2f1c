#pragma once
// How much a stream is given ahead of the device. A stream's queue ends somewhere (after about 1024
// launches, which CUDA does not document), and who launches into a full one waits inside CUDA,
// where there is no deadline: behind a kernel that never ends, for ever. So the host waits before,
// with one, and the device has work meanwhile. Thread safety: none.

#include <cuda_runtime.h>

#include <cstdint>

#include "common/status.h"
#include "worker/cuda/handles.h"

namespace chorus::worker::cuda {

class LaunchLimit {
 public:
  // Calls, of four launches at most (a product, its inputs rounded to bfloat16, a sum of its
  // parts); so many are under way at most.
  static constexpr uint32_t kCalls = 128;

  Status Open();
  // Before each call that enqueues on the stream. *full: the event that is to be waited for before
  // it, or null. Captures are not limited: they launch nothing.
  Status Count(cudaStream_t stream, cudaEvent_t* full);

 private:
  Event halves_[2];  // ends of the last two halves of kCalls
  uint32_t half_ = 0;
  uint32_t calls_ = 0;  // since the last of them
};

}  // namespace chorus::worker::cuda
