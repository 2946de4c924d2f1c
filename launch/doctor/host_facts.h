#pragma once
// What a rank knows of itself and its machine, for `chorus doctor`.
// Thread safety: pure functions of the system's state.

#include <cstdint>
#include <string>

#include "common/status.h"
#include "launch/job/binding.h"

namespace chorus::launch {

struct HostFacts {
  std::string node;
  std::string network;  // NetworkIdentity()
  std::string build;
  std::string cpu;  // model
  CoreShare share;
  uint64_t machine_cores = 0;
  // Of the machine, or the limit of memory of its container, where that shows it as the root of
  // /sys/fs/cgroup.
  uint64_t memory_mb = 0;
  uint64_t available_mb = 0;  // of the machine's, without what others use; at most memory_mb
  std::string huge_pages;     // "always", "madvise", "never"; "" = not known
  uint64_t open_files = 0;    // limits; UINT64_MAX = none
  uint64_t processes = 0;
  uint64_t address_space = 0;
  uint64_t shared_memory_mb = 0;  // free before the job
  double clock_seconds = 0;       // since 1970
  std::string gpu;                // name of this rank's device, or why there is none
  bool has_gpu = false;
  std::string avoided;  // interfaces that MPI is kept from
};

// Of this rank, but for its GPU and for shared memory, of which MPI takes some when it begins.
// threads: what it computes or serves with, 0 = one for each of its cores.
HostFacts FactsHere(uint32_t threads);

std::string TextOf(const HostFacts& facts);
Result<HostFacts> HostFactsOf(const std::string& text);  // error: kInternal, this is none

}  // namespace chorus::launch
