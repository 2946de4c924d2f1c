#pragma once
// Chooses what a job computes on, by compute.backend and by the devices that are there. Thread
// safety: the trainer's thread.

#include <memory>

#include "common/config.pb.h"
#include "common/status.h"
#include "worker/collective/collective.h"
#include "worker/device/device.h"

namespace chorus::worker {

DevicePrecision DevicePrecisionOf(ComputeConfig::Precision precision);

// Seconds of a wait for a device, or of devices for each other. It is shorter than the deadline of
// the hosts: so a host that waits for a worker whose device waits in vain still hears the reason.
inline double DeviceDeadline(const TrainConfig& config) {
  return config.cluster().deadline_seconds() / 2;
}

// This worker's device; null: all workers compute on the CPU. Every worker calls it: either all get
// a device or none does, so that a result does not depend on which of them found one. Error, for
// CUDA: kFailedPrecondition or that of opening, when a worker has no device or two have the same.
// open: empty when the job has no devices.
Result<std::unique_ptr<Device>> ChooseDevice(const TrainConfig& config, const OpenDevice& open,
                                             Collective* workers);

}  // namespace chorus::worker
