#pragma once
// The traffic and contents of the first steps of one worker of a layout, without computing
// anything: its part of each step is read from the log, and its frames are made by the client
// itself and counted. So the numbers of bytes and messages are exactly those of the job with the
// same ids.
// Thread safety: pure function; starts a reader thread.

#include <cstdint>
#include <functional>
#include <vector>

#include "common/status.h"
#include "launch/plan/counting_channel.h"
#include "launch/plan/planned_job.h"
#include "worker/steps/step_batch.h"

namespace chorus::launch {

// The frames of one step, with the keys of that step and the gradients of an earlier one, and what
// was read for the step.
struct StepLoad {
  explicit StepLoad(size_t servers)
      : sent(servers), received(servers), rows(servers), gradient_rows(servers) {}

  std::vector<FrameCount> sent, received;  // [servers]
  std::vector<uint64_t> rows;              // [servers], pulled
  std::vector<uint64_t> gradient_rows;     // [servers], of the gradients in the frame
  // The step that is read; these are 0 behind the last one.
  uint64_t exposures = 0;
  uint64_t contexts = 0;                           // distinct ones of each grain
  double flops = 0;                                // of its forward and backward pass
  uint64_t context_bytes = 0, exposure_bytes = 0;  // of the grains' columns
  uint64_t grain_gradient_bytes = 0;               // of rows, for each grain separately
  uint64_t batch_bytes = 0;                        // of these, positions and unique keys
};

// [frames]: those of steps 1 .. last step + 1 + pull_ahead, as a run of that length sends them.
using WorkerTrace = std::vector<StepLoad>;

// on_step: called with every step's part, in order; may be empty. Error: that of reading the log.
Result<WorkerTrace> TraceWorker(const PlannedJob& job, uint32_t worker, uint32_t workers,
                                uint32_t servers,
                                const std::function<void(const worker::StepBatch&)>& on_step);

}  // namespace chorus::launch
