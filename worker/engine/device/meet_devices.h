#pragma once
// How the devices of a job's workers come to sum gradients together. Thread safety: the trainer's
// thread.

#include "common/config.pb.h"
#include "common/status.h"
#include "worker/collective/collective.h"
#include "worker/device/device.h"

namespace chorus::worker {

// Opens `device`'s collective, whose options are set except for id and rank, on every worker; null:
// the gradients are to be summed on the hosts. Every worker calls it: either all get one or none
// does. Error, for NCCL: kFailedPrecondition, names the first worker that cannot, its node and
// device, and why. AUTO then falls back to the hosts, and worker 0 says so.
Result<DeviceCollective*> MeetDevices(const CudaConfig& config, DeviceCollectiveOptions options,
                                      Device* device, Collective* hosts);

}  // namespace chorus::worker
