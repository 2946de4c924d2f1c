#pragma once
// NCCL's functions, which are looked up at run time, so that a machine with CUDA and without NCCL
// can compute, too: on one device, or with sums on the hosts. Thread safety: any thread.

#include <nccl.h>

#include "common/status.h"

namespace chorus::worker::cuda {

// clang-format off
#define CHORUS_NCCL_FUNCTIONS(USE) \
  USE(ncclGetVersion) \
  USE(ncclGetErrorString) \
  USE(ncclGetLastError) \
  USE(ncclGetUniqueId) \
  USE(ncclCommInitRankConfig) \
  USE(ncclCommGetAsyncError) \
  USE(ncclCommFinalize) \
  USE(ncclCommDestroy) \
  USE(ncclCommAbort) \
  USE(ncclGroupStart) \
  USE(ncclGroupEnd) \
  USE(ncclSend) \
  USE(ncclRecv) \
  USE(ncclAllReduce)
// clang-format on

// Each member has the name of its function.
struct NcclFunctions {
#define CHORUS_NCCL_MEMBER(name) decltype(&::name) name = nullptr;
  CHORUS_NCCL_FUNCTIONS(CHORUS_NCCL_MEMBER)
#undef CHORUS_NCCL_MEMBER
};

// Loads NCCL at the first call, until the process ends. Error: kNotFound, no NCCL is installed;
// kFailedPrecondition, it is older than 2.18 and its communicators cannot be polled.
Result<const NcclFunctions*> LoadNccl();

}  // namespace chorus::worker::cuda
