#pragma once
// Which ranks of a job serve and which work. Thread safety: pure functions.

#include <cstdint>
#include <string>

#include "common/config.pb.h"
#include "common/status.h"

namespace chorus::launch {

// What a rank does in its job.
struct Roles {
  uint32_t servers = 0;
  uint32_t workers = 0;
  int server = -1;  // this rank's number among the servers; -1: none
  int worker = -1;

  std::string Name() const;  // "server 0", "worker 1", "server 0 and worker 0"
};

// The roles of rank `rank` among `ranks` that a launcher started. The servers are the first ranks,
// the workers the last ones, in every placement. Error: kInvalidArgument when nobody would work.
Result<Roles> RolesOf(const ClusterConfig& cluster, uint32_t rank, uint32_t ranks);

}  // namespace chorus::launch
