#pragma once
// How long a step takes, from what each rank does in it and how fast machines are. A step of a
// worker is a sequence (worker/train/trainer.cc): compute, push, sum, update; the servers' answer is
// waited for at its end, or pull_ahead steps later. What several ranks share, the cores of a host,
// its link, a server, bounds the step from below, whatever overlaps.
// Thread safety: pure functions.

#include <cstdint>
#include <string>
#include <vector>

#include "launch/plan/plan.pb.h"

namespace chorus::launch {

// What a worker does for one step.
struct WorkerWork {
  uint32_t host = 0;
  uint32_t grains = 1;
  double exposures = 0;
  double flops = 0;
  double parameters = 0;  // dense
  double bytes_sent = 0;  // frames, on the wire
  double bytes_received = 0;
  double away_sent = 0;  // of these, to and from servers of other hosts
  double away_received = 0;
  double sums = 0;  // over workers
  double sum_messages = 0;
  double sum_bytes = 0;    // sent; about as many are received, all workers together exactly as many
  double sum_away = 0;     // of these, to other hosts
  double added_bytes = 0;  // terms of its share of the sums
};

// What a server does for one step.
struct ServerWork {
  uint32_t host = 0;
  double rows = 0;            // looked up and updated
  double bytes_received = 0;  // without what a rank's own worker hands it in memory
  double bytes_sent = 0;
  double away_received = 0;  // of these, from and to workers of other hosts
  double away_sent = 0;
};

struct StepWork {
  PlanLayout layout;
  uint32_t reader_threads = 1;
  uint32_t pull_ahead = 0;
  bool is_encrypted = false;  // what servers and workers of different hosts send each other
  std::vector<WorkerWork> workers;
  std::vector<ServerWork> servers;
};

struct StepTime {
  double seconds = 0;
  // Of the slowest worker: read, pull, compute, push, all-reduce, optimizer, and what is waited for
  // beyond these because cores, links or servers are shared.
  std::vector<PlanTime> parts;
  std::vector<PlanTime> resources;  // busy for one step, the busiest first
  // The busiest of them, which need not fill the step; or the way to the servers and back, where the
  // slowest worker waits for it longer than the busiest is busy.
  std::string bottleneck;
};

StepTime PredictStep(const StepWork& work, const PlanRates& rates);

// What is left of a core's speed for each of `threads` threads of one host.
double ShareOfCore(const PlanRates& rates, uint32_t threads);

}  // namespace chorus::launch
