#pragma once
// What an emulated communicator does on a stream: the messages and sums of one group of calls.
// Thread safety: any thread.

#include <atomic>
#include <cstddef>
#include <mutex>
#include <string>
#include <vector>

#include "nccl.h"
#include "tests/support/cuda_host/nccl_mesh.h"

namespace chorus::cuda_host {

// The part of a communicator that lives until streams no longer work for it.
struct NcclShared {
  NcclShared(const std::string& name, int rank, int ranks) : mesh(name, rank, ranks) {}

  // Keeps the first error.
  void Fail(int result, const std::string& why);

  Mesh mesh;
  std::mutex working;                   // one group at a time
  std::atomic<int> unfinished = 0;      // groups that streams have
  std::atomic<int> error{ncclSuccess};  // of the work
  std::mutex mutex;                     // guards `reason`
  std::string reason;
};

// A sum over all ranks.
struct NcclReduction {
  const char* from;
  char* to;
  size_t count;
  ncclDataType_t type;
};

struct NcclGroup {
  ncclComm_t comm = nullptr;
  cudaStream_t stream = nullptr;
  std::vector<Transfer> transfers;
  std::vector<NcclReduction> reductions;  // after the transfers
};

size_t BytesOf(ncclDataType_t type);
// Returns when the group is done, has failed, or is aborted.
void RunNcclGroup(NcclShared* shared, const NcclGroup& group);

}  // namespace chorus::cuda_host
