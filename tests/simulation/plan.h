#pragma once
// What a seed means: the job, the ranks that compute it, and what befalls each of its runs.
// Thread safety: pure.

#include <cstdint>
#include <string>
#include <vector>

#include "tests/simulation/cluster.h"
#include "tests/simulation/world.h"

namespace chorus::simulation {

constexpr uint32_t kJobs = 7;
// Job `job`, below kJobs, on log "train" or "followed", and "test" where it evaluates.
TrainConfig ConfigOf(uint32_t job);
std::string_view JobName(uint32_t job);

struct PlannedRun {
  Layout layout;
  Weather weather;
  bool harsh = false;  // may end with an error
  bool flip_bit_before = false;
  bool checks_all_files = false;  // resumes with --fallback
};
struct Plan {
  uint32_t job = 0;
  double switching = 0;
  double spurious = 0;
  // The last one is calm: it has to reach the end.
  std::vector<PlannedRun> runs;
};
// events: about as many as an undisturbed run of each job has.
Plan PlanOf(uint64_t seed, const std::vector<World::EventNumber>& events);

// An undisturbed run, on one worker and one server.
PlannedRun CalmRun();

}  // namespace chorus::simulation
