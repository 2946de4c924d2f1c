// The emulated NCCL as the one that is installed (worker/cuda/nccl_functions.h).

#include "tests/support/cuda_host/emulation.h"
#include "worker/cuda/nccl_functions.h"

namespace chorus::worker::cuda {

Result<const NcclFunctions*> LoadNccl() {
  static const NcclFunctions functions = [] {
    NcclFunctions all;
#define CHORUS_NCCL_SET(name) all.name = &::name;
    CHORUS_NCCL_FUNCTIONS(CHORUS_NCCL_SET)
#undef CHORUS_NCCL_SET
    return all;
  }();
  if (!cuda_host::HasNccl()) return NotFound("there is no NCCL: it is hidden by a test");
  return &functions;
}

}  // namespace chorus::worker::cuda
