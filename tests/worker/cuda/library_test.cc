// The CUDA backend as nvcc built it: it opens on any machine, and says what it lacks.

#include <dlfcn.h>
#include <gtest/gtest.h>

#include "worker/device/device_library.h"

namespace chorus::worker {
namespace {

DeviceOptions BuiltLibrary() {
  DeviceOptions options;
  options.library = CHORUS_CUDA_LIBRARY;
  options.rank = 3;
  return options;
}

TEST(CudaLibrary, HoldsAllThatItNeedsAndExportsItsEntry) {
  void* const library = dlopen(CHORUS_CUDA_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(library, nullptr) << dlerror();
  EXPECT_NE(dlsym(library, kOpenDeviceSymbol), nullptr) << dlerror();
}

TEST(CudaLibrary, OpensADeviceOrSaysThatThereIsNoDriver) {
  const Result<std::unique_ptr<Device>> device = OpenLibraryDevice(BuiltLibrary());
  if (device.ok()) {
    EXPECT_GT((*device)->info().memory_bytes, 0u);
    GTEST_SKIP() << "found " << (*device)->info().name;
  }
  EXPECT_EQ(device.status().code(), Code::kFailedPrecondition);
  const std::string& message = device.status().message();
  EXPECT_TRUE(message.starts_with("rank 3, CUDA device 0: CUDA has no usable device")) << message;
  EXPECT_NE(message.find("(found "), std::string::npos) << message;
  EXPECT_NE(message.find("driver"), std::string::npos) << message;
  EXPECT_NE(message.find("toolkit "), std::string::npos) << message;
}

// The name alone: a path is always opened.
TEST(CudaLibrary, IsNotOpenedForAJobThatCanDoWithoutWhereThereIsNoDriver) {
  if (dlopen("libcuda.so.1", RTLD_LAZY) != nullptr) GTEST_SKIP() << "there is a driver";
  DeviceOptions options = BuiltLibrary();
  options.library = "libnone.so";
  options.optional = true;
  const Status status = OpenLibraryDevice(options).status();
  EXPECT_EQ(status.code(), Code::kNotFound);
  EXPECT_EQ(status.message(), "there is no CUDA driver (libcuda.so.1)");
}

}  // namespace
}  // namespace chorus::worker
