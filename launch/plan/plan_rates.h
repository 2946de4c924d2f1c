#pragma once
// The speeds from which a plan's times follow: measured (calibrate.h), read from a file of an
// earlier calibration, or assumed. Thread safety: pure functions.

#include <string>

#include "common/file.h"
#include "common/status.h"
#include "launch/plan/plan.pb.h"

namespace chorus::launch {

// The rates that perf/README.md has for an idle 2-core Zen 5 virtual machine (step_perf, reader_perf, table_perf,
// transport_perf, allreduce_perf); encryption has the share of frame_bytes that it had on the machine where
// transport_perf measured both. They stand in where nothing was measured.
PlanRates AssumedRates();

// Errors: that of the file; kInvalidArgument, which names the file and the rate that is missing or
// no positive number.
Result<PlanRates> LoadRates(FileSystem& files, const std::string& path);
Status SaveRates(FileSystem& files, const std::string& path, const PlanRates& rates);

}  // namespace chorus::launch
