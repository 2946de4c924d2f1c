#pragma once
// How long a step takes, from each rank's work and the speed of machines. A step of a worker is a sequence
// (worker/train/trainer.cc): compute, push, sum, update; it waits for the servers' answer at the end of the step, or
// pull_ahead steps later. Everything that several ranks share (the cores of a host, its link, a server) bounds the step
// from below, whatever overlaps.
// Thread safety: pure functions.

#include <cstdint>
#include <string>
#include <vector>

#include "launch/plan/plan.pb.h"

namespace chorus::launch {

// The work of a worker for one step.
struct WorkerWork {
  uint32_t host = 0;
  uint32_t grains = 1;
  double exposures = 0;
  double flops = 0;
  double parameters = 0;  // dense
  double bytes_sent = 0;  // frames, on the wire
  double bytes_received = 0;
  double away_sent = 0;  // of these, to servers of other hosts
  double away_received = 0;
  double sums = 0;  // over workers
  double sum_messages = 0;
  double sum_bytes = 0;    // sent; all workers together receive as many
  double sum_away = 0;     // of these, to other hosts
  double added_bytes = 0;  // bytes of the terms in its share of the sums
};

// The work of a server for one step.
struct ServerWork {
  uint32_t host = 0;
  double rows = 0;            // looked up and updated
  double bytes_received = 0;  // without those that a rank's own worker hands it in memory
  double bytes_sent = 0;
  double away_received = 0;  // of these, from workers of other hosts
  double away_sent = 0;
};

struct StepWork {
  PlanLayout layout;
  uint32_t reader_threads = 1;
  uint32_t pull_ahead = 0;
  bool is_encrypted = false;  // frames between servers and workers of different hosts
  std::vector<WorkerWork> workers;
  std::vector<ServerWork> servers;
};

struct StepTime {
  double seconds = 0;
  // The parts of the slowest worker's step: read, pull, compute, push, all-reduce, optimizer, and
  // the wait beyond these because cores, links or servers are shared.
  std::vector<PlanTime> parts;
  std::vector<PlanTime> resources;  // busy for one step, the busiest first
  // The busiest resource, which need not fill the step, or the way to the servers and back, if the slowest worker waits
  // for that longer than the busiest resource is busy.
  std::string bottleneck;
};

StepTime PredictStep(const StepWork& work, const PlanRates& rates);

// The share of a core's speed that each of `threads` threads of one host has.
double ShareOfCore(const PlanRates& rates, uint32_t threads);

}  // namespace chorus::launch
