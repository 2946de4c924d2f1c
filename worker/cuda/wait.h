#pragma once
// Waits of the host for the device: by looking again and again, since CUDA's own waits have no
// deadline. Thread safety: one thread a Wait.

#include <cuda_runtime.h>

#include <chrono>

#include "common/status.h"
#include "worker/cuda/handles.h"

namespace chorus::worker::cuda {

class Wait {
 public:
  explicit Wait(double deadline_seconds);

  bool passed() const;  // the deadline
  // Between two looks. Most waits of a step are short: the core is yielded for a millisecond, which
  // costs them nothing; then it sleeps for a 32nd of what has been waited, a millisecond at most,
  // so that a long wait takes 3 % longer and leaves the core to others.
  void Pause() const;

  // "ncclSend: no end (file:line) within 60 s"
  Status Late(const Place& place) const;
  // "cudaStreamQuery: this device itself has not finished what it computes within 60 s: it hangs
  // (file:line)". kInternal: it follows from nothing that another rank did.
  Status Hangs(const char* what, const Place& place) const;

 private:
  std::chrono::duration<double> so_far() const { return std::chrono::steady_clock::now() - begin_; }

  const double seconds_;
  const std::chrono::steady_clock::time_point begin_;
};

// Whether an event's last recording is done.
Result<bool> IsDone(cudaEvent_t event);

// Until all work of the stream, or the event's last recording, is done. At the deadline: Hangs, of
// `what`, and *hangs; nothing that waits for the device may be asked for then, cudaFree for one.
Status WaitFor(cudaStream_t stream, const char* what, double deadline_seconds, bool* hangs);
Status WaitFor(cudaEvent_t event, const char* what, double deadline_seconds, bool* hangs);

}  // namespace chorus::worker::cuda
