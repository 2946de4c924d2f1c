#pragma once
// Scores of several runs on one test log. Thread safety: pure functions.

#include <string>

#include "common/status.h"
#include "launch/compare/finished_runs.h"
#include "worker/metrics/scores.h"

namespace chorus::launch {

// Both are of the same log: the same exposures with the same labels. Error: OtherLogs.
Status CheckSameLog(const worker::Scores& a, const worker::Scores& b);
// kFailedPrecondition: callers add whose scores they are.
Status OtherLogs();
// "runs/A/seed-1-0/scores and runs/B/seed-1-0/scores"
std::string BothPaths(const FinishedRun& a, const FinishedRun& b);

// A checksum of what CheckSameLog compares.
uint64_t LogChecksum(const worker::Scores& scores);

}  // namespace chorus::launch
