// What the shared library of the CUDA backend exports (worker/device_library.h).

#include "worker/cuda/cuda_device.h"
#include "worker/device_library.h"

extern "C" __attribute__((visibility("default"))) void ChorusOpenDevice(
    const chorus::worker::DeviceOptions& options,
    chorus::Result<std::unique_ptr<chorus::worker::Device>>* out) {
  *out = chorus::worker::cuda::OpenCudaDevice(options);
}
