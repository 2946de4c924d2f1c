// The symbols that the shared library of the CUDA backend exports (worker/device/device_library.h).

#include "worker/cuda/cuda_device.h"
#include "worker/device/device_interface.h"
#include "worker/device/device_library.h"

#define EXPORTED extern "C" __attribute__((visibility("default")))

EXPORTED const char* const ChorusDeviceInterface = chorus::kDeviceInterface;

EXPORTED void ChorusOpenDevice(const chorus::worker::DeviceOptions& options,
                               chorus::Result<std::unique_ptr<chorus::worker::Device>>* out) {
  *out = chorus::worker::cuda::OpenCudaDevice(options);
}
