#include "worker/device_library.h"

#include <dlfcn.h>
#include <unistd.h>

#include <climits>
#include <string>
#include <string_view>

#include "common/strings.h"
#include "worker/device_interface.h"

namespace chorus::worker {
namespace {

std::string BesideTheExecutable(const std::string& name) {
  char path[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof(path));
  if (length <= 0) return name;
  const std::string executable(path, static_cast<size_t>(length));
  return executable.substr(0, executable.rfind('/') + 1) + name;
}

// Error: kFailedPrecondition when the library's parts do not fit this program's.
Status FindOpenDevice(void* library, const std::string& name, OpenDeviceFunction* function) {
  const auto* const interface =
      static_cast<const char* const*>(dlsym(library, kDeviceInterfaceSymbol));
  *function = reinterpret_cast<OpenDeviceFunction>(dlsym(library, kOpenDeviceSymbol));
  if (interface == nullptr || *function == nullptr) {
    return FailedPrecondition(
        StrCat(name, " is no CUDA backend of this program: it lacks ",
               interface == nullptr ? kDeviceInterfaceSymbol : kOpenDeviceSymbol));
  }
  if (std::string_view(*interface) != kDeviceInterface) {
    return FailedPrecondition(
        StrCat(name, " belongs to another build of this program: its interface is ", *interface,
               ", this program's ", kDeviceInterface, "; take both from one build"));
  }
  return Status::Ok();
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
  OpenDeviceFunction function = nullptr;
  RETURN_IF_ERROR(FindOpenDevice(library, options.library, &function));
  Result<std::unique_ptr<Device>> device = Internal("no answer");
  function(options, &device);
  return device;
}

}  // namespace chorus::worker
