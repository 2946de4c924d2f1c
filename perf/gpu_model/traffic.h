#pragma once
// Bytes between machines: a worker's step sends them to servers and gets them from servers. They
// are counted by running the client's side of the protocol (worker/servers/ps_client.h) against
// counting channels. Thread safety: function of its arguments.

#include <cstdint>

#include "common/config.pb.h"
#include "common/status.h"
#include "launch/gpu/step_run.h"

namespace chorus::perf {

// The traffic of one worker's step, over all servers.
struct ServerTraffic {
  uint64_t bytes_sent = 0;      // keys and gradients; headers of frames and parts included
  uint64_t bytes_received = 0;  // rows
  uint64_t frames = 0;          // there and back
  uint64_t rows_pulled = 0;
  uint64_t rows_pushed = 0;    // gradients of rows, by node of the canonical tree
  uint64_t floats_pulled = 0;  // of rows_pulled
  uint64_t floats_pushed = 0;
  double client_seconds = 0;  // to make the frames, on this machine
};
Result<ServerTraffic> TrafficOf(const TrainConfig& config, const gpu::StepData& data,
                                const gpu::DryRun& dry, uint32_t workers, uint32_t servers);

}  // namespace chorus::perf
