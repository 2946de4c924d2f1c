#pragma once
// The CUDA backend as a shared library that is opened at run time, so that the executable starts on
// machines without driver or toolkit. Thread safety: any thread.

#include "worker/device/device.h"

namespace chorus::worker {

// The library exports two symbols. kDeviceInterfaceSymbol: the kDeviceInterface
// (device_interface.h) that it was built with, a string that ends with 0. kOpenDeviceSymbol: an
// OpenDeviceFunction.
constexpr char kDeviceInterfaceSymbol[] = "ChorusDeviceInterface";
using OpenDeviceFunction = void (*)(const DeviceOptions& options,
                                    Result<std::unique_ptr<Device>>* out);
constexpr char kOpenDeviceSymbol[] = "ChorusOpenDevice";

// Opens options.library (shared_library.h says where a name is looked for) and a device of it. An
// optional library is not opened where there is no driver, since opening it takes a tenth of a
// second and 200 MB. Errors: see OpenDevice.
Result<std::unique_ptr<Device>> OpenLibraryDevice(const DeviceOptions& options);

}  // namespace chorus::worker
