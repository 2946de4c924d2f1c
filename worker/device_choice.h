#pragma once
// On what a job computes: compute.backend against the devices that are there. Thread safety: the
// trainer's thread.

#include <memory>

#include "common/config.pb.h"
#include "common/status.h"
#include "worker/device.h"
#include "worker/trainer.h"

namespace chorus::worker {

DevicePrecision DevicePrecisionOf(CudaConfig::Precision precision);

// This worker's device; null: all workers compute on the CPU. Every worker calls it: either all get
// a device or none does, so that a result does not depend on which of them found one. Error, for
// CUDA: kFailedPrecondition or that of opening, when a worker has no device or two have the same.
Result<std::unique_ptr<Device>> ChooseDevice(const ComputeConfig& config,
                                             const WorkerEnvironment& environment);

}  // namespace chorus::worker
