#include "worker/device_library.h"

#include <dlfcn.h>
#include <unistd.h>

#include <climits>
#include <string>

#include "common/strings.h"

namespace chorus::worker {
namespace {

std::string BesideTheExecutable(const std::string& name) {
  char path[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof(path));
  if (length <= 0) return name;
  const std::string executable(path, static_cast<size_t>(length));
  return executable.substr(0, executable.rfind('/') + 1) + name;
}

bool HasDriver() { return dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL) != nullptr; }

}  // namespace

Result<std::unique_ptr<Device>> OpenLibraryDevice(const DeviceOptions& options) {
  const bool is_path = options.library.find('/') != std::string::npos;
  if (options.optional && !is_path && !HasDriver()) {
    return NotFound("there is no CUDA driver (libcuda.so.1)");
  }
  void* library = nullptr;
  std::string reasons;
  const auto open = [&](const std::string& path) {
    if (library != nullptr) return;
    library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) reasons += StrCat(reasons.empty() ? "" : "; ", dlerror());
  };
  if (!is_path) open(BesideTheExecutable(options.library));
  open(options.library);
  if (library == nullptr) {
    return NotFound(StrCat("there is no CUDA backend: ", reasons));
  }
  const auto function = reinterpret_cast<OpenDeviceFunction>(dlsym(library, kOpenDeviceSymbol));
  if (function == nullptr) {
    return FailedPrecondition(
        StrCat(options.library, " is no CUDA backend of this program: ", dlerror()));
  }
  Result<std::unique_ptr<Device>> device = Internal("no answer");
  function(options, &device);
  return device;
}

}  // namespace chorus::worker
