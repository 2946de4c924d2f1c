#pragma once
// The cost of a worker's step on its GPU, counted by a dry run of the code that drives a GPU, on the log's own steps
// (launch/gpu). Thread safety: function of its arguments; starts a reader thread.

#include <cstdint>

#include "common/config.pb.h"
#include "common/file.h"
#include "common/status.h"
#include "launch/gpu/cost.h"
#include "launch/gpu/device_memory.h"
#include "launch/gpu/gradient_sum.h"
#include "launch/gpu/hardware.h"
#include "launch/plan/plan.pb.h"

namespace chorus::launch {

// The work of the worker that has the most grains.
struct GpuWork {
  gpu::Gpu gpu;
  ComputeConfig::Precision precision = ComputeConfig::FP32;
  gpu::StepCost device;  // of one step, copies over the bus included
  double row_bytes = 0;  // of the pulled rows: they go to the device when they have come, all
                         // else of a step while the one before it is computed
  bool sums = false;     // dense gradients are summed among devices, as `sum` says
  gpu::GradientSum sum;  // of_host: most workers of a host
  gpu::DeviceMemory memory;
};

// Ranks are dealt to hosts as HostsOfRanks says (plan_layout.h).
uint32_t MostWorkersOfHost(const TrainConfig& config, const PlanLayout& layout);

// layout.gpu: `gpu`'s name. The cost is that of the second step. Errors: that of the log; kInvalidArgument when a host
// has more workers than GPUs (whatever compute.cuda.share_devices is), or the log does not fill two steps of the
// worker; kResourceExhausted when a step needs more than compute.cuda.step_memory_mb.
Result<GpuWork> TraceGpu(const TrainConfig& config, const PlanLayout& layout, const gpu::Gpu& gpu,
                         FileSystem& files);

}  // namespace chorus::launch
