#pragma once
// The dense gradients of a worker's grains on a device, and their sums: over the worker's nodes of
// the canonical tree, and among the devices of all workers. The sums among devices begin as soon as
// a part of the gradient is final in every grain. Thread safety: none.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/status.h"
#include "common/tree.h"
#include "worker/device/device.h"
#include "worker/device/device_arena.h"
#include "worker/engine/device/device_weights.h"
#include "worker/model/network.h"

namespace chorus::worker {

class DeviceGradients {
 public:
  // network, weights, device: outlive it.  nodes: MaximalNodes of the worker's grains, counted from
  // the first of them.  Sums of whole steps go to weights->gradient().
  DeviceGradients(const Network* network, std::vector<TreeNode> nodes, const DeviceWeights* weights,
                  Device* device);
  // Called twice, see DeviceArena; then Open.
  void TakeMemory(DeviceArena* arena);
  Status Open();

  // From now on sums stay on the device: this worker is the only one (null), or all devices sum
  // them in `collective`, which was opened with what Describe filled in.
  void Keep(DeviceCollective* collective);
  bool kept() const { return kept_; }
  void Describe(DeviceCollectiveOptions* options) const;
  // Whether parts of the sum begin before the last grain is through.
  bool begin_early() const { return collective_ != nullptr; }

  // The gradient of one grain, [1, parameters].
  MatrixView<float> grain(size_t g) const { return grains_.Rows(static_cast<int64_t>(g), 1); }

  // The gradients of the upper part of a group's graph, or of the rest, are final in all grains:
  // after BackwardUpper of the last grain, and after BackwardLower. Begins their sums, where they
  // begin early.
  Status SumUpper(size_t group);
  Status SumLower(size_t group);
  // Begins the sums that have not begun yet, which may be all of them. A worker without grains
  // takes part in the sums here.
  Status SumRest(uint32_t stage);
  // Begins to bring the nodes' sums to the host, unless they are kept.
  Status BringBack();

  // [nodes, parameters], on the host; [nodes, 0] where they are kept.
  MatrixView<const float> of_nodes() const;
  // The sum of the whole step, [parameters], on the device. REQUIRES: kept.
  Result<float*> OfStep();

 private:
  Status Sum(const ParameterRange& range);
  int64_t parameters() const { return network_.parameters.size(); }

  const Network& network_;
  const std::vector<TreeNode> nodes_;
  const int64_t count_;  // grains
  const DeviceWeights& weights_;
  Device* const device_;
  MatrixView<float> grains_;  // [grains, parameters]; a node's sum in its first grain's row
  float* on_host_ = nullptr;  // page-locked, [nodes, parameters]
  bool kept_ = false;
  DeviceCollective* collective_ = nullptr;  // the device's
};

}  // namespace chorus::worker
