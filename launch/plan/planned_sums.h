#pragma once
// The messages of a worker to the others when a step's gradients, losses and counts are summed.
// Thread safety: pure function.

#include <cstdint>

#include "launch/plan/plan.pb.h"
#include "launch/plan/planned_job.h"
#include "worker/collective/sum_traffic.h"

namespace chorus::launch {

struct SumsOfWorker {
  worker::SumTraffic step, first;
  double sums = 1;
  double share_bytes = 0;  // bytes of the terms that the worker adds
  uint32_t nodes = 0, all_nodes = 0;
};

// The sums of the steps of a stage; `first` is the sum before the first step of a run. on_devices:
// dense gradients are summed among devices, and hosts sum the rest.
SumsOfWorker SumsOf(const PlannedJob& job, uint32_t worker, uint32_t workers, uint32_t stage,
                    bool on_devices);

// Whether workers of this layout sum dense gradients among their devices, which they do where all
// devices can.
bool SumsOnDevices(const TrainConfig& config, const PlanLayout& layout);

}  // namespace chorus::launch
