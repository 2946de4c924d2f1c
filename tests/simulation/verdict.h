#pragma once
// One seed, from the first run of its job to the judgement of what it left.
// Thread safety: one call at a time.

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/simulation/plan.h"
#include "tests/simulation/world.h"

namespace chorus::simulation {

// The logs of all jobs: bytes by path.
using Logs = std::map<std::string, std::string>;
Logs MakeLogs();

// What an undisturbed run of a job leaves.
struct Reference {
  std::string bytes;          // canonical, of the last checkpoint
  std::string judged;         // of the last and the best evaluation
  std::string reports;        // of metrics.jsonl, without times
  World::EventNumber events;  // of the run
};
Reference ReferenceOf(uint32_t job, const Logs& logs);

constexpr size_t kCodes = 11;  // of status.h

// Plain, so that a process can leave it in shared memory.
struct Verdict {
  bool ended = false;  // the seed was judged
  bool failed = false;
  char why[4096] = "";
  FaultCounts faults{};
  uint32_t runs = 0;
  std::array<uint32_t, kCodes> run_ends{};  // by code
  uint64_t events = 0;
  uint64_t switches = 0;
  double simulated_seconds = 0;
  uint64_t fingerprint = 0;  // of all that happened
};

// references: of all jobs. live: prints what happens, as it does. When the seed fails, the last
// events are printed. The process is of no further use: it holds the threads of killed ranks.
void JudgeSeed(uint64_t seed, const Logs& logs, const std::vector<Reference>& references, bool live,
               Verdict* verdict);

}  // namespace chorus::simulation
