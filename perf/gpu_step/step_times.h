#pragma once
// How long steps take on a device, and where a step's time goes. Thread safety: none.

#include "common/status.h"
#include "launch/gpu/cost.h"
#include "launch/gpu/step_run.h"

namespace chorus::perf {

// Medians over steps, in seconds of the host's clock. Nothing overlaps in these steps: the host
// waits for each part.
struct HostTimes {
  double step = 0;
  double load = 0;     // packing, and starting the copy
  double compute = 0;  // until gradients and sums are back
  double update = 0;   // of dense weights
};
// Measures steps over the batches of `data` in turn.
Result<HostTimes> MeasureSteps(const gpu::StepData& data, const worker::PulledRows& rows,
                               uint32_t steps, gpu::StepRun* run);

struct PhaseTimes {
  double seconds[gpu::kPhases] = {};  // of the device's clock, until the next phase begins
  gpu::StepCost cost;
};
// Times one step with a mark of the device wherever its phase changes: the fastest of several
// steps.
Result<PhaseTimes> MeasurePhases(const gpu::StepData& data, const worker::PulledRows& rows,
                                 gpu::CountingDevice* device, gpu::StepRun* run);

// The seconds of the step's matrix products alone, one after the other, in the same memory: the
// floor of its forward and backward passes.
Result<double> MeasureProducts(const gpu::StepData& data, const worker::PulledRows& rows,
                               gpu::CountingDevice* device, gpu::StepRun* run);

}  // namespace chorus::perf
