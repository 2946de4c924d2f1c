#include "worker/cuda/launch_limit.h"

namespace chorus::worker::cuda {

Status LaunchLimit::Open() {
  for (Event& half : halves_) {
    CUDA_RETURN_IF_ERROR(cudaEventCreateWithFlags(half.receive(), cudaEventDisableTiming));
  }
  return Status::Ok();
}

// An event that was never recorded is done.
Status LaunchLimit::Count(cudaStream_t stream, cudaEvent_t* full) {
  *full = nullptr;
  if (++calls_ < kCalls / 2) return Status::Ok();
  cudaStreamCaptureStatus capture = cudaStreamCaptureStatusNone;
  CUDA_RETURN_IF_ERROR(cudaStreamIsCapturing(stream, &capture));
  if (capture != cudaStreamCaptureStatusNone) return Status::Ok();
  calls_ = 0;
  CUDA_RETURN_IF_ERROR(cudaEventRecord(halves_[half_].get(), stream));
  half_ = 1 - half_;
  *full = halves_[half_].get();
  return Status::Ok();
}

}  // namespace chorus::worker::cuda
