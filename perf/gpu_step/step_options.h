#pragma once
// The command line of gpu_step. Thread safety: functions of their arguments.

#include <cstdint>
#include <string>
#include <vector>

#include "common/status.h"
#include "perf/gpu_model/job_options.h"
#include "perf/gpu_step/device_limits.h"
#include "worker/device/device.h"

namespace chorus::perf {

struct StepOptions {
  JobOptions job;
  std::string library;  // "": compute.cuda.library
  uint32_t device = 0;
  uint32_t timed_steps = 50;
  uint32_t gpus = 1;
  LimitSizes limits;
};

extern const char kStepHelp[];
// Error: kInvalidArgument, which names the option, its value and what is allowed.
Result<StepOptions> ParseStepOptions(const std::vector<std::string>& arguments);
// The same once the number of devices is known.
Status CheckDevices(const StepOptions& options, const worker::DeviceInfo& info);

// The path of the library: a name without a folder is looked for in the folder above the program's,
// where a build leaves it for programs in perf/; any other name stays as it is.
std::string LibraryOfBuild(const std::string& name);

}  // namespace chorus::perf
