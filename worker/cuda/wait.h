#pragma once
// Waits of the host for the device. They ask again and again, since CUDA's own waits have no
// deadline. Thread safety: a Wait belongs to one thread.

#include <cuda_runtime.h>

#include <chrono>

#include "common/status.h"
#include "worker/cuda/handles.h"

namespace chorus::worker::cuda {

// One wait, which begins when the object is made.
class Wait {
 public:
  explicit Wait(double deadline_seconds);

  bool passed() const;  // whether the deadline has passed
  // To be called between two questions. During the first millisecond it only yields the core: most
  // waits of a step are that short, and sleeping would prolong them. After that it sleeps for a
  // 32nd of the time waited so far, at most a millisecond: a long wait becomes at most 3 % longer
  // and leaves the core to other threads.
  void Pause() const;

  // "ncclSend: no end (file:line) within 60 s"
  Status Late(const Place& place) const;
  // "cudaStreamQuery: this device itself has not finished what it computes within 60 s: it hangs
  // (file:line)". The code is kInternal: no other rank is the cause.
  Status Hangs(const char* what, const Place& place) const;

 private:
  std::chrono::duration<double> so_far() const { return std::chrono::steady_clock::now() - begin_; }

  const double seconds_;
  const std::chrono::steady_clock::time_point begin_;
};

// Whether an event's last recording is done.
Result<bool> IsDone(cudaEvent_t event);

// Waits until all work of the stream, or the event's last recording, is done. At the deadline the
// error is Wait::Hangs of `what`, and *hangs becomes true: from then on no call may be made that
// waits for the device inside CUDA, such as cudaFree.
Status WaitFor(cudaStream_t stream, const char* what, double deadline_seconds, bool* hangs);
Status WaitFor(cudaEvent_t event, const char* what, double deadline_seconds, bool* hangs);

}  // namespace chorus::worker::cuda
