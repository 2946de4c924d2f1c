#pragma once
// The speeds that a plan's times follow from: measured (calibrate.h), from a file of an earlier
// calibration, or assumed. Thread safety: pure functions.

#include <string>

#include "common/file.h"
#include "common/status.h"
#include "launch/plan/plan.pb.h"

namespace chorus::launch {

// Those that perf/README.md has of an idle 2-core Zen 5 virtual machine (step_perf, reader_perf,
// table_perf, transport_perf, allreduce_perf), and for encryption what it takes of frame_bytes on the
// machine where transport_perf measured both: a stand-in where nothing was measured.
PlanRates AssumedRates();

// Errors: that of the file; kInvalidArgument, names the file and the rate that is missing or no
// positive number.
Result<PlanRates> LoadRates(FileSystem& files, const std::string& path);
Status SaveRates(FileSystem& files, const std::string& path, const PlanRates& rates);

}  // namespace chorus::launch
