#pragma once
// Kernels that never end (emulation.h, HangKernel), and what waits for them. Thread safety: any
// thread; the current device is a thread's own.

#include "cuda_runtime.h"
#include "tests/support/cuda_host/stream.h"

namespace chorus::cuda_host {

void SetCurrentDevice(int device);
// Before a kernel is launched on the current device: makes it hang if its turn has come.
void LaunchedKernel(cudaStream_t stream);
// To be called in calls that wait, inside CUDA, for all that the current device does: those that
// take and free memory.
void WaitForHungKernel();

}  // namespace chorus::cuda_host
