#pragma once
// DeviceCollective over NCCL, on a stream of its own. A reproducible sum is two groups of messages
// and one kernel per bucket:
//
//   A bucket is cut into slices, one for each worker, which owns it. Every worker sends each slice
//   of its terms to the owner of the slice. The owner adds them along the canonical tree and sends
//   the sum to all. So each element is added by one worker, in one order, as on the host
//   (worker/collective/tree_sum.h).
//
// A sum that need not be reproducible is one ncclAllReduce per bucket, of the sum of the worker's
// own terms. Thread safety: as Device.

#include <cuda_runtime.h>

#include <memory>

#include "worker/cuda/nccl_functions.h"
#include "worker/device/device_collective.h"

namespace chorus::worker::cuda {

class NcclCollective : public DeviceCollective {
 public:
  // Connects the devices of all workers and moves a first message between any two, so that later
  // messages need not wait for the connection. To be called before the other calls.
  virtual Status Open() = 0;
  // Waits until the sums that have been joined are done or have failed, for `at_most` seconds.
  // Returns at once when there are none.
  virtual Status WaitForJoined(double at_most) = 0;
  // Whether, after an error, this device itself hangs: then this object must not be destroyed.
  virtual bool hangs() const = 0;
};

// compute: the stream on which the device computes; it must outlive the collective.
std::unique_ptr<NcclCollective> NewNcclCollective(const DeviceCollectiveOptions& options,
                                                  const NcclFunctions& nccl, cudaStream_t compute);

}  // namespace chorus::worker::cuda
