#pragma once
// What the facts of all ranks say about the job that they are to run.
// Thread safety: pure functions.

#include <vector>

#include "launch/doctor/finding.h"
#include "launch/doctor/host_facts.h"

namespace chorus::launch {

// facts: by rank. gpus: whether the job wants (compute.backend CUDA) or may use (AUTO) them.
enum class Gpus { kNone, kMay, kMust };
std::vector<Finding> JudgeHosts(const std::vector<HostFacts>& facts, Gpus gpus);

}  // namespace chorus::launch
