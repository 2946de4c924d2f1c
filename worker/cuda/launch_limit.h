#pragma once
// A limit of the calls that are enqueued on a stream and not done. The queue of a stream is finite
// (about 1024 launches, which CUDA does not document). A launch into a full queue waits inside
// CUDA, without a deadline: behind a kernel that never ends it would wait for ever. So the host
// waits before the queue is full, with a deadline. The device does not run dry: half of the limit
// is still enqueued when the host goes on. Thread safety: none.

#include <cuda_runtime.h>

#include <cstdint>

#include "common/status.h"
#include "worker/cuda/handles.h"

namespace chorus::worker::cuda {

class LaunchLimit {
 public:
  // The limit. A call is at most four launches: a product, the rounding of its two inputs to
  // bfloat16, and the sum of its parts.
  static constexpr uint32_t kCalls = 128;

  Status Open();
  // To be called before each call that enqueues on the stream. *full: the event that the caller is
  // to wait for first, or null. Calls of a capture are not limited, since a capture launches
  // nothing.
  Status Count(cudaStream_t stream, cudaEvent_t* full);

 private:
  Event halves_[2];     // recorded in turns, each after kCalls / 2 calls
  uint32_t half_ = 0;   // of halves_, to be recorded next
  uint32_t calls_ = 0;  // since the last recording
};

}  // namespace chorus::worker::cuda
