#include "worker/columns/arrow_library.h"

#include <dlfcn.h>
#include <unistd.h>

#include <climits>
#include <string_view>

#include "common/strings.h"
#include "worker/columns/arrow_fingerprint.h"

namespace chorus::worker {
namespace {

constexpr std::string_view kRemedy =
    "Parquet and ORC are read through Apache Arrow: build Chorus where CMake finds it (python3 -m "
    "pip install pyarrow, or the packages libarrow-dev and libparquet-dev; -DCHORUS_ARROW=ON says "
    "what it misses), or write the rows as CSV or TFRecord";

std::string FolderOfProgram() {
  char path[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof(path));
  if (length <= 0) return "";
  const std::string program(path, static_cast<size_t>(length));
  return program.substr(0, program.rfind('/') + 1);
}

Result<ArrowLibrary> FindFunction(void* library, const std::string& name) {
  const auto* const interface =
      static_cast<const char* const*>(dlsym(library, kArrowInterfaceSymbol));
  auto* const open = reinterpret_cast<ChorusArrowOpenFunction*>(dlsym(library, kArrowOpenSymbol));
  if (interface == nullptr || open == nullptr) {
    return FailedPrecondition(
        StrCat(name, " is no library of this program: it lacks ",
               interface == nullptr ? kArrowInterfaceSymbol : kArrowOpenSymbol));
  }
  if (std::string_view(*interface) != kArrowInterface) {
    return FailedPrecondition(
        StrCat(name, " belongs to another build of this program: its interface is ", *interface,
               ", this program's ", kArrowInterface, "; take both from one build"));
  }
  return ArrowLibrary{open};
}

}  // namespace

Result<ArrowLibrary> OpenArrowLibrary(const std::string& name) {
  const bool is_path = name.find('/') != std::string::npos;
  std::string reasons;
  void* library = nullptr;
  const auto open = [&](const std::string& path) {
    if (library != nullptr) return;
    library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) reasons += StrCat(reasons.empty() ? "" : "; ", dlerror());
  };
  open(is_path ? name : FolderOfProgram() + name);
  if (!is_path) open(name);
  if (library == nullptr) return NotFound(StrCat(kRemedy, " (", reasons, ")"));
  return FindFunction(library, name);
}

}  // namespace chorus::worker
