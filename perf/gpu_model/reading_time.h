#pragma once
// How long a worker's reader takes for a step on this machine. Thread safety: function of its arguments; starts a
// thread.

#include <cstdint>

#include "common/config.pb.h"
#include "common/file.h"
#include "common/status.h"
#include "launch/gpu/step_data.h"

namespace chorus::perf {

// Seconds of a step, by one thread whose memory has been used before: the fastest of the first
// `steps` steps; 0: the log has only one. Error: that of the log.
Result<double> SecondsOfReading(const TrainConfig& config, FileSystem& files,
                                const gpu::StepData& data, uint32_t steps);

}  // namespace chorus::perf
