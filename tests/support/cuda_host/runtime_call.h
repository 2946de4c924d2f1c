#pragma once
// How functions of the emulated runtime begin and fail. Thread safety: any thread.

#include "cuda_runtime.h"
#include "tests/support/cuda_host/call_log.h"
#include "tests/support/cuda_host/stream.h"

namespace chorus::cuda_host {

// Notes an error for cudaGetLastError and returns it.
cudaError_t Failed(cudaError_t error);

}  // namespace chorus::cuda_host

// Returns the injected error from the enclosing function, if its turn has come.
#define ENTER_CALL()                                                                  \
  if (const int injected = ::chorus::cuda_host::EnterCall(__func__); injected != 0) { \
    return ::chorus::cuda_host::Failed(static_cast<cudaError_t>(injected));           \
  }

// For functions that are no part of any stream's work: while this thread captures a stream they
// fail, and spoil the capture.
#define ENTER_UNSAFE_CALL()                                                                     \
  ENTER_CALL();                                                                                 \
  if (CUstream_st* const captured = CUstream_st::CapturedByThisThread(); captured != nullptr) { \
    captured->SpoilCapture();                                                                   \
    return ::chorus::cuda_host::Failed(cudaErrorStreamCaptureUnsupported);                      \
  }
