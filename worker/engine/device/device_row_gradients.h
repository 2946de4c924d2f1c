#pragma once
// The gradients of embedding rows on a device: from the gradients of a grain's inputs to sums of
// its keys, to sums over the worker's nodes of the canonical tree, and to the host. Orders of
// additions are those that a packed step brings (gradient_order.h). Thread safety: none.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "common/status.h"
#include "common/tree.h"
#include "worker/device/device.h"
#include "worker/device/device_arena.h"
#include "worker/engine/device/packed_step.h"
#include "worker/servers/ps_client.h"

namespace chorus::worker {

class DeviceRowGradients {
 public:
  // dims: [table instances], group by group of `tables`.  nodes: of the worker, counted from grain
  // 0 of the step.  bytes: the most that a step may need for its sums over nodes, and again for all
  // else.
  DeviceRowGradients(std::vector<uint32_t> dims, size_t tables, std::vector<TreeNode> nodes,
                     size_t bytes, Device* device);
  Status Open();

  // Makes room for the gradients of a step; `step` outlives the calls below.  trained: whether a
  // table
  // instance's rows get gradients. Error: kResourceExhausted.
  Status Begin(const PackedStep& step, const std::function<bool(size_t instance)>& trained);
  // Where NoteKeys leaves what the sums need.
  const DeviceKeyNotes& notes() const { return notes_; }

  // Sums of a grain's keys in a trained group, now that the gradients of its inputs are there.
  Status SumGrain(size_t grain, size_t group, const float* dcontexts, const float* dexposures);
  // Sums over nodes, once all grains are through; then they begin to come to the host.
  Status SumNodes();
  Status BringBack() {
    return device_->Download(download_->device(), download_->host(), download_->used());
  }

  // A table instance's sums over the worker's nodes; none unless it is trained. Views of
  // page-locked memory and of the packed step, until the next Begin.
  std::vector<NodeGradient> OnHost(uint32_t instance) const;

 private:
  const PackedOrder& OrderOf(size_t instance) const { return step_->orders[instance % tables_]; }

  const std::vector<uint32_t> dims_;
  const size_t tables_;
  const std::vector<TreeNode> nodes_;
  const size_t bytes_;
  Device* const device_;
  std::unique_ptr<PackedBlock> download_;  // sums over nodes
  DeviceArena memory_;                     // what a step needs besides
  std::byte* memory_base_ = nullptr;
  const PackedStep* step_ = nullptr;
  DeviceKeyNotes notes_ = {};
  std::vector<float*> piece_sums_;     // [table instances]; null: not trained
  std::vector<const float*> sums_;     // [table instances], on the device
  std::vector<const float*> on_host_;  // likewise
};

}  // namespace chorus::worker
