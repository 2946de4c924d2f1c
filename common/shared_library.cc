#include "common/shared_library.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <cstring>
#include <string_view>

#include "common/strings.h"

namespace chorus {
namespace {

std::string BesideTheExecutable(const std::string& name) {
  char path[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof(path));
  if (length <= 0) return name;
  const std::string executable(path, static_cast<size_t>(length));
  return executable.substr(0, executable.rfind('/') + 1) + name;
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

}  // namespace

Result<void*> OpenSharedLibrary(const std::string& name) {
  const bool is_path = name.find('/') != std::string::npos;
  const std::string first = is_path ? name : BesideTheExecutable(name);
  RETURN_IF_ERROR(CheckWhole(first));
  void* library = dlopen(first.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library != nullptr) return library;
  std::string reasons = dlerror();
  if (!is_path) {
    library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library != nullptr) return library;
    reasons += StrCat("; ", dlerror());
  }
  return NotFound(reasons);
}

Result<void*> FindFunction(void* library, const std::string& name, const LibraryExports& exports) {
  const auto* const interface =
      static_cast<const char* const*>(dlsym(library, exports.interface_symbol));
  void* const function = dlsym(library, exports.function_symbol);
  if (interface == nullptr || function == nullptr) {
    return FailedPrecondition(
        StrCat(name, " is no ", exports.what, " of this program: it lacks ",
               interface == nullptr ? exports.interface_symbol : exports.function_symbol));
  }
  if (std::string_view(*interface) != exports.interface) {
    return FailedPrecondition(
        StrCat(name, " belongs to another build of this program: its interface is ", *interface,
               ", this program's ", exports.interface, "; take both from one build"));
  }
  return function;
}

}  // namespace chorus
