#pragma once
// Which devices these tests run on: emulated ones, or real ones when CHORUS_TEST_CUDA_LIBRARY names
// the library that nvcc built (tests/gpu/run.sh). Thread safety: pure except for the environment.

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "worker/cuda/cuda_device.h"
#include "worker/device/device.h"
#include "worker/device/device_library.h"

namespace chorus::worker::testing {

// "": devices are emulated.
inline std::string TestedLibrary() {
  const char* const library = std::getenv("CHORUS_TEST_CUDA_LIBRARY");
  return library == nullptr ? "" : library;
}
inline bool OnRealDevices() { return !TestedLibrary().empty(); }

// Devices that tests may have at once: CHORUS_TEST_CUDA_DEVICES of the real ones.
inline uint32_t TestedDevices() {
  if (!OnRealDevices()) return 8;
  const char* const number = std::getenv("CHORUS_TEST_CUDA_DEVICES");
  return number == nullptr ? 1 : static_cast<uint32_t>(std::atoi(number));
}

inline Result<std::unique_ptr<Device>> OpenTestedDevice(const DeviceOptions& options) {
  if (!OnRealDevices()) return cuda::OpenCudaDevice(options);
  DeviceOptions real = options;
  real.library = TestedLibrary();
  real.optional = false;
  return OpenLibraryDevice(real);
}

// Whether a call of CUDA is one of making a graph: if it fails, work is started kernel by kernel.
inline bool MakesGraphs(const std::string& call) {
  return call == "cudaStreamBeginCapture" || call == "cudaStreamEndCapture" ||
         call == "cudaGraphInstantiate" || call == "cudaGraphUpload";
}

// At the head of a test of sums among devices; CHORUS_TEST_CUDA_NO_NCCL is set where there is none.
#define NEEDS_NCCL()                                      \
  if (::chorus::worker::testing::OnRealDevices() &&       \
      std::getenv("CHORUS_TEST_CUDA_NO_NCCL") != nullptr) \
  GTEST_SKIP() << "needs NCCL"

// At the head of a test that asks the emulation what was called, or tells it what to do.
#define NEEDS_EMULATION() \
  if (::chorus::worker::testing::OnRealDevices()) GTEST_SKIP() << "looks into the emulation"

}  // namespace chorus::worker::testing
