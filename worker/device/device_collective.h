#pragma once
// Sums of gradients among the devices of all workers, which do not pass through the hosts. A sum
// begins while the device still computes, and continues while it computes what comes next. Every
// worker makes the same calls in the same order. Waits end at the deadline. An error, even that of
// another rank, is returned by a call here or by Device::Synchronize. Thread safety: as Device.

#include <cstdint>
#include <string>
#include <vector>

#include "common/status.h"
#include "common/tree.h"

namespace chorus::worker {

struct DeviceCollectiveOptions {
  std::string id;  // from Device::NewCollectiveId of one of the workers
  uint32_t rank = 0;
  uint32_t grains = 1;                       // of a step
  std::vector<std::vector<TreeNode>> nodes;  // [workers], MaximalNodes of each one's grains
  // [this worker's nodes] of [n], on the device: the gradient summed over the grains of each node.
  std::vector<const float*> terms;
  float* sum = nullptr;  // [n], on the device: the sum over the whole step
  int64_t n = 0;
  // Whether terms are added along the canonical tree, so that any number of devices gives the same
  // bits. If not, they are added in the order that is fastest.
  bool reproducible = true;
  int64_t bucket = 1;  // the largest number of elements that are summed at a time
  double deadline_seconds = 0;
};

class DeviceCollective {
 public:
  virtual ~DeviceCollective() = default;

  // Begins to sum elements [begin, end) of the terms. It reads them when the device has done all
  // that is enqueued so far.
  virtual Status BeginSum(int64_t begin, int64_t end) = 0;
  // Makes the work that is enqueued on the device from now on wait for the sums that have begun.
  virtual Status Join() = 0;
};

}  // namespace chorus::worker
