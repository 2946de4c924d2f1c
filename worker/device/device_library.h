#pragma once
// The CUDA backend as a shared library that is opened at run time, so that the executable starts on
// machines without driver or toolkit. Thread safety: any thread.

#include "worker/device/device.h"

namespace chorus::worker {

// What such a library exports: kDeviceInterface (device_interface.h) as it was built with, a string
// that ends with 0, under kDeviceInterfaceSymbol, and a function under kOpenDeviceSymbol.
constexpr char kDeviceInterfaceSymbol[] = "ChorusDeviceInterface";
using OpenDeviceFunction = void (*)(const DeviceOptions& options,
                                    Result<std::unique_ptr<Device>>* out);
constexpr char kOpenDeviceSymbol[] = "ChorusOpenDevice";

// Opens options.library: a path, or a name that is looked for beside the executable, then in its
// search path (lib/chorus of an installed one) and where the system looks; an optional one is left
// alone where there is no driver, since it takes a tenth of a second and 200 MB. It stays open until
// the process ends. Error: kNotFound, there is no such
// library; kFailedPrecondition, it is of another build of this program, or has no usable device.
Result<std::unique_ptr<Device>> OpenLibraryDevice(const DeviceOptions& options);

}  // namespace chorus::worker
