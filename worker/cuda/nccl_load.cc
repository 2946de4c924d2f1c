#include <dlfcn.h>

#include <string>

#include "common/strings.h"
#include "worker/cuda/nccl_functions.h"

namespace chorus::worker::cuda {
namespace {

constexpr char kLibrary[] = "libnccl.so.2";
constexpr int kOldest = 21800;

struct Loaded {
  NcclFunctions functions;
  Status status;
};

Loaded Load() {
  Loaded loaded;
  void* const library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    loaded.status = NotFound(StrCat("there is no NCCL: ", dlerror()));
    return loaded;
  }
  std::string missing;
#define CHORUS_NCCL_FIND(name)                                                        \
  loaded.functions.name = reinterpret_cast<decltype(&::name)>(dlsym(library, #name)); \
  if (loaded.functions.name == nullptr) missing += " " #name;
  CHORUS_NCCL_FUNCTIONS(CHORUS_NCCL_FIND)
#undef CHORUS_NCCL_FIND
  int version = 0;
  if (missing.empty() && loaded.functions.ncclGetVersion(&version) != ncclSuccess) version = 0;
  if (!missing.empty() || version < kOldest) {
    loaded.status = FailedPrecondition(
        StrCat(kLibrary, " is NCCL ", version / 10000, ".", version / 100 % 100,
               missing.empty() ? "" : " without", missing, "; 2.18 or newer is needed"));
  }
  return loaded;
}

}  // namespace

Result<const NcclFunctions*> LoadNccl() {
  static const Loaded loaded = Load();
  RETURN_IF_ERROR(loaded.status);
  return &loaded.functions;
}

}  // namespace chorus::worker::cuda
