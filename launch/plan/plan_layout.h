#pragma once
// The hosts of a planned job's ranks, and the numbers of hosts and ranks. Thread safety: pure
// functions and values.

#include <cstdint>

#include "common/config.pb.h"
#include "common/status.h"
#include "launch/plan/plan.pb.h"

namespace chorus::launch {

// The layout that is asked for. A number of 0 follows from the configuration and the other numbers.
struct PlanRequest {
  uint32_t hosts = 0;    // 0: one per rank
  uint32_t servers = 0;  // 0: cluster.servers; with COLOCATED placement as many as workers
  uint32_t workers = 0;  // 0: one per host that servers leave
  // Of a worker; 0: compute.threads, or all cores of the host where that is 0, too.
  uint32_t threads = 0;
  uint32_t cores = 0;  // of a host; 0: those of this machine
  double link_gbit = 25;
  double latency_us = 20;
};

// Error: kInvalidArgument, which names the number that leaves no worker, or more workers than
// grains.
Result<PlanLayout> LayoutOf(const TrainConfig& config, const PlanRequest& request);

// Whether every rank serves and works.
bool IsColocated(const TrainConfig& config);

// Ranks are dealt to hosts in blocks, servers first. Where ranks divide evenly, mpirun with equal slots per host does
// the same; otherwise some hosts have one rank more than others.
class HostsOfRanks {
 public:
  HostsOfRanks(const PlanLayout& layout, bool colocated)
      : hosts_(layout.hosts()),
        first_worker_(colocated ? 0 : layout.servers()),
        ranks_(first_worker_ + layout.workers()) {}
  uint32_t OfServer(uint32_t s) const { return OfRank(s); }
  uint32_t OfWorker(uint32_t w) const { return OfRank(first_worker_ + w); }

 private:
  uint32_t OfRank(uint64_t rank) const { return static_cast<uint32_t>(rank * hosts_ / ranks_); }
  const uint64_t hosts_;
  const uint32_t first_worker_;
  const uint64_t ranks_;
};

}  // namespace chorus::launch
