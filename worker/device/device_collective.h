#pragma once
// Sums of gradients among the devices of all workers, which do not pass through the hosts. A sum
// begins while the device still computes, and goes on beside what it computes next. Every worker
// makes the same calls in the same order. Waits end at the deadline; an error, also one of another
// rank, comes from a call here or from Device::Synchronize. Thread safety: as Device.

#include <cstdint>
#include <string>
#include <vector>

#include "common/status.h"
#include "common/tree.h"

namespace chorus::worker {

struct DeviceCollectiveOptions {
  std::string id;  // Device::NewCollectiveId of one of the workers
  uint32_t rank = 0;
  uint32_t grains = 1;                       // of a step
  std::vector<std::vector<TreeNode>> nodes;  // [workers], MaximalNodes of each one's grains
  std::vector<const float*> terms;  // [this worker's nodes], of [n] on the device: sums over nodes
  float* sum = nullptr;             // [n], on the device: of the whole step
  int64_t n = 0;
  // Whether terms are added along the canonical tree, so that more or fewer devices give the same
  // bits; else in whatever order is fastest.
  bool reproducible = true;
  int64_t bucket = 1;  // most elements that are summed at a time
  double deadline_seconds = 0;
};

class DeviceCollective {
 public:
  virtual ~DeviceCollective() = default;

  // Begins to sum elements [begin, end) of the terms, as they are once all that has been enqueued
  // on the device is done.
  virtual Status BeginSum(int64_t begin, int64_t end) = 0;
  // What is enqueued on the device from now on comes after the sums that have begun.
  virtual Status Join() = 0;
};

}  // namespace chorus::worker
