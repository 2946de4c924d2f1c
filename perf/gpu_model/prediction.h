#pragma once
// How long a step takes on a cluster: the time that each resource is busy for one step, from the
// step's cost and what the resource can do at best (hardware.h). Thread safety: pure functions.

#include <cstdint>
#include <string>
#include <vector>

#include "common/config.pb.h"
#include "launch/gpu/hardware.h"
#include "launch/gpu/step_run.h"
#include "perf/gpu_model/traffic.h"

namespace chorus::perf {

// The cost of one worker's step, and what all workers' steps have in common.
struct StepWork {
  uint64_t exposures = 0;  // of one worker
  gpu::StepCost device;
  ServerTraffic traffic;
  uint64_t unique_rows = 0;  // over all workers and groups: rows that servers update
  uint64_t unique_floats = 0;
  uint64_t parameters = 0;  // dense
  uint64_t nodes = 1;       // of the canonical tree that a worker sums
  // Measured on the machine that runs the model: reading divided among the reader threads, the
  // others by one thread each.
  double read_seconds = 0;
  double pack_seconds = 0;
  double client_seconds = 0;
};

struct Cluster {
  const gpu::Gpu* gpu = nullptr;
  uint32_t gpus = 1;
  uint32_t servers = 1;
  ComputeConfig::Precision precision = ComputeConfig::FP32;
  bool canonical_sum = true;
};

// The changes of a design that does not exist yet.
struct WhatIf {
  bool half_rows = false;   // rows and their gradients travel in 16 bits
  double cached_share = 0;  // share of a step's unique rows that stay on the devices, where
                            // their gradients are summed as dense ones are
};

struct Resource {
  const char* name;
  double seconds;  // busy for one step
};

struct Prediction {
  std::vector<Resource> resources;
  double in_turn = 0;      // seconds per step: nothing overlaps except the reader, which runs ahead
  double overlapped = 0;   // seconds per step: everything overlaps; that of the busiest resource
  const char* bound = "";  // its name
};
Prediction Predict(const StepWork& work, const Cluster& cluster, const WhatIf& what_if = {});

}  // namespace chorus::perf
