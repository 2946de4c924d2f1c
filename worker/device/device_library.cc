#include "worker/device/device_library.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <cstring>
#include <string>
#include <string_view>

#include "common/strings.h"
#include "worker/device/device_interface.h"

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

// Whether the file is complete. After a failed copy a file may be shorter than its headers say:
// dlopen would map pages beyond its end, and reading them would kill the process. Error: kDataLoss
// when the file ends before its table of sections, which is at the end of the file.
Status CheckWhole(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return Status::Ok();  // dlopen says why
  Elf64_Ehdr header = {};
  struct stat about = {};
  const ssize_t read = pread(file, &header, sizeof(header), 0);
  const bool known = fstat(file, &about) == 0 && S_ISREG(about.st_mode);
  close(file);
  if (!known || read != sizeof(header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
    return Status::Ok();  // no library at all, as dlopen says
  }
  const uint64_t end = header.e_shoff + uint64_t{header.e_shentsize} * header.e_shnum;
  if (end <= static_cast<uint64_t>(about.st_size)) return Status::Ok();
  return DataLoss(StrCat(path, " was cut: it has ", about.st_size, " of ", end, " bytes"));
}

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
  const std::string beside = is_path ? options.library : BesideTheExecutable(options.library);
  RETURN_IF_ERROR(CheckWhole(beside));
  void* library = nullptr;
  std::string reasons;
  const auto open = [&](const std::string& path) {
    if (library != nullptr) return;
    library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) reasons += StrCat(reasons.empty() ? "" : "; ", dlerror());
  };
  open(beside);
  if (!is_path) open(options.library);
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
