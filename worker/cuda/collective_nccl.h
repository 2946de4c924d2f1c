#pragma once
// DeviceCollective over NCCL, on a stream of its own. Reproducible sums take two groups of messages
// and a kernel a bucket:
//
//   A bucket is cut into slices, one a worker. Every worker sends each of its terms' slices to its
//   owner, who adds them along the canonical tree and sends the sum to all: each element is added
//   once, in one order, as on the host (worker/collective/tree_sum.h).
//
// Others are one ncclAllReduce a bucket of the sum of the worker's own terms. Thread safety: as
// Device.

#include <cuda_runtime.h>

#include <memory>

#include "worker/cuda/nccl_functions.h"
#include "worker/device/device_collective.h"

namespace chorus::worker::cuda {

class NcclCollective : public DeviceCollective {
 public:
  // Meets the other workers' devices and moves a first message between any two, which later ones
  // need not wait for. Before the other calls.
  virtual Status Open() = 0;
  // Until the sums that have been joined are done, or have failed, or have taken `at_most` seconds;
  // at once when there are none.
  virtual Status WaitForJoined(double at_most) = 0;
  // Whether, after an error, this device itself hangs: then nothing here can be ended.
  virtual bool hangs() const = 0;
};

// compute: where the device computes; outlives what is made.
std::unique_ptr<NcclCollective> NewNcclCollective(const DeviceCollectiveOptions& options,
                                                  const NcclFunctions& nccl, cudaStream_t compute);

}  // namespace chorus::worker::cuda
