#pragma once
// The command line of gpu_model. Thread safety: functions of their arguments.

#include <cstdint>
#include <string>
#include <vector>

#include "common/status.h"
#include "launch/gpu/hardware.h"
#include "perf/gpu_model/job_options.h"

namespace chorus::perf {

constexpr uint32_t kMostGpus = 256;

struct ModelOptions {
  JobOptions job;
  const gpu::Gpu* gpu = nullptr;  // null: the anchor's, or an A100
  std::vector<uint32_t> gpus;     // powers of two; none: the anchor's, or 1, 2, 4 and 8
  std::vector<uint32_t> servers = {1, 2, 4};
};

extern const char kModelHelp[];
// Error: kInvalidArgument, which names the option, its value and what is allowed.
Result<ModelOptions> ParseModelOptions(const std::vector<std::string>& arguments);

}  // namespace chorus::perf
