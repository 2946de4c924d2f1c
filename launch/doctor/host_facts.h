#pragma once
// The facts that a rank knows about itself and its machine, for `chorus doctor`.
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
  // The machine's memory, or its container's limit of memory where the container shows it at the
  // root of /sys/fs/cgroup.
  uint64_t memory_mb = 0;
  uint64_t available_mb = 0;  // the machine's memory that nobody uses; at most memory_mb
  std::string huge_pages;     // "always", "madvise", "never"; "" = not known
  uint64_t open_files = 0;    // limits; UINT64_MAX = none
  uint64_t processes = 0;
  uint64_t address_space = 0;
  uint64_t shared_memory_mb = 0;  // free before the job
  double clock_seconds = 0;       // since 1970
  std::string gpu;                // name of this rank's device, or why there is none
  bool has_gpu = false;
  std::string avoided;  // interfaces that MPI is told to avoid
};

// The facts of this rank, except for its GPU and for shared memory, of which MPI takes some when it
// begins. threads: how many it computes or serves with, 0 = one per core of the rank.
HostFacts FactsHere(uint32_t threads);

std::string TextOf(const HostFacts& facts);
Result<HostFacts> HostFactsOf(const std::string& text);  // error: kInternal, the text has no facts

}  // namespace chorus::launch
