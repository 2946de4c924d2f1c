#include "worker/cuda/launch_limit.h"

namespace chorus::worker::cuda {

Status LaunchLimit::Open() {
  for (Event& half : halves_) {
    CUDA_RETURN_IF_ERROR(cudaEventCreateWithFlags(half.receive(), cudaEventDisableTiming));
  }
  return Status::Ok();
}

// After every kCalls / 2 calls it records one event and hands out the other, which was recorded
// kCalls / 2 calls ago: when that is done, at most kCalls / 2 calls are left. In the first half
// there is nothing to wait for: an event that was never recorded counts as done.
Status LaunchLimit::Count(cudaStream_t stream, cudaEvent_t* full) {
  *full = nullptr;
  if (++calls_ < kCalls / 2) return Status::Ok();
  cudaStreamCaptureStatus capture = cudaStreamCaptureStatusNone;
  CUDA_RETURN_IF_ERROR(cudaStreamIsCapturing(stream, &capture));
  // The count stays, so that the first call after the capture records.
  if (capture != cudaStreamCaptureStatusNone) return Status::Ok();
  calls_ = 0;
  CUDA_RETURN_IF_ERROR(cudaEventRecord(halves_[half_].get(), stream));
  half_ = 1 - half_;
  *full = halves_[half_].get();
  return Status::Ok();
}

}  // namespace chorus::worker::cuda
