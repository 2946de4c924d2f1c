#pragma once
// Findings from the facts of all ranks about the job that they are to run.
// Thread safety: pure functions.

#include <vector>

#include "launch/doctor/finding.h"
#include "launch/doctor/host_facts.h"

namespace chorus::launch {

// facts: by rank. gpus: whether the job needs GPUs (kMust, compute.backend CUDA) or may use them
// (kMay, AUTO).
enum class Gpus { kNone, kMay, kMust };
std::vector<Finding> JudgeHosts(const std::vector<HostFacts>& facts, Gpus gpus);

}  // namespace chorus::launch
