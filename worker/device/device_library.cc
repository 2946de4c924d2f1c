#include "worker/device/device_library.h"

#include <dlfcn.h>

#include <string>

#include "common/shared_library.h"
#include "common/strings.h"
#include "worker/device/device_interface.h"

namespace chorus::worker {
namespace {

bool HasDriver() { return dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL) != nullptr; }

}  // namespace

Result<std::unique_ptr<Device>> OpenLibraryDevice(const DeviceOptions& options) {
  if (options.library.empty()) {
    return InvalidArgument("compute.cuda.library is empty; expected: a file, or the name of one");
  }
  const bool is_path = options.library.find('/') != std::string::npos;
  if (options.optional && !is_path && !HasDriver()) {
    return NotFound("there is no CUDA driver (libcuda.so.1)");
  }
  const Result<void*> library = OpenSharedLibrary(options.library);
  if (library.status().code() == Code::kNotFound) {
    return NotFound(StrCat("there is no CUDA backend: ", library.status().message()));
  }
  RETURN_IF_ERROR(library.status());
  ASSIGN_OR_RETURN(void* const function, FindFunction(*library, options.library,
                                                      {.what = "CUDA backend",
                                                       .interface_symbol = kDeviceInterfaceSymbol,
                                                       .interface = kDeviceInterface,
                                                       .function_symbol = kOpenDeviceSymbol}));
  Result<std::unique_ptr<Device>> device = Internal("no answer");
  reinterpret_cast<OpenDeviceFunction>(function)(options, &device);
  return device;
}

}  // namespace chorus::worker
