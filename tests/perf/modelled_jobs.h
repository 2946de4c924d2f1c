#pragma once
// Jobs whose steps' costs are modelled (perf/gpu_model) and counted: every kind of call, small.
// Thread safety: pure functions.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/config.h"
#include "launch/gpu/step_run.h"
#include "perf/support/random_log.h"

namespace chorus::perf {

struct Job {
  std::string name;
  std::string config;  // in text format
  RandomLogShape log;
  GrainRange grains = {0, 4};
  uint32_t stage = 0;
  // Of the step; dense gradients stay on the device unless the host sums them.
  uint32_t workers = 1;
};

// All jobs; the first is a plain one.
std::vector<Job> ModelledJobs();

struct World {
  TrainConfig config;
  gpu::StepData data;
  uint32_t workers = 1;
};
World MakeWorld(const Job& job);
// The world of the plain job.
World PlainWorld();

}  // namespace chorus::perf
