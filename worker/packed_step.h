#pragma once
// A worker's part of a step as one block of bytes that a device gets in two copies: first grains
// (numerics, labels, who belongs to which context; offsets, positions, values) and the order in
// which gradients are added; behind them embedding rows, which arrive later. Pointers in it are the
// device's, at `device` + where the bytes lie.
//
// What has no more elements than a grain has rows comes first, with room for as many: it lies in
// the same place in every step, and points to the rest, so that what has been enqueued for one step
// can be started again for the next in the same block. Thread safety: none.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "common/status.h"
#include "common/tree.h"
#include "worker/backend.h"
#include "worker/device_types.h"
#include "worker/gradient_order.h"
#include "worker/input_layout.h"
#include "worker/objective.h"
#include "worker/ps_client.h"
#include "worker/step_reader.h"

namespace chorus::worker {

// Writes arrays one after the other, each 256-byte aligned.
class PackedBlock {
 public:
  PackedBlock(std::byte* host, std::byte* device, size_t capacity)
      : host_(host), device_(device), capacity_(capacity) {}
  void Clear() { used_ = 0; }
  // Room for `count` elements: where the host writes them, and in *on_device where the device finds
  // them. Null once the block is full; full() then says so.
  template <typename T>
  T* Take(size_t count, const T** on_device) {
    const size_t begin = used_;
    used_ += (count * sizeof(T) + 255) / 256 * 256;
    *on_device = used_ <= capacity_ ? reinterpret_cast<const T*>(device_ + begin) : nullptr;
    return used_ <= capacity_ ? reinterpret_cast<T*>(host_ + begin) : nullptr;
  }
  // room: for so many elements at least.
  template <typename T>
  const T* Copy(const std::vector<T>& values, size_t room = 0) {
    const T* on_device = nullptr;
    T* const to = Take<T>(std::max(values.size(), room), &on_device);
    if (to != nullptr) std::copy(values.begin(), values.end(), to);
    return on_device;
  }
  size_t used() const { return used_; }
  size_t capacity() const { return capacity_; }
  bool full() const { return used_ > capacity_; }
  std::byte* host() const { return host_; }
  std::byte* device() const { return device_; }

 private:
  std::byte* const host_;
  std::byte* const device_;
  const size_t capacity_;
  size_t used_ = 0;  // bytes, also beyond the capacity
};

// One side of a grain, and the same where the device finds it.
struct PackedSide {
  DeviceSide side = {};
  const DeviceSide* on_device = nullptr;
};

// Pointers are to places that are the same in every step.
struct PackedGrain {
  int64_t rows = 0;
  int64_t contexts = 0;
  PackedSide context_side;
  PackedSide exposure_side;
  RowIndex context_of;
  DeviceLabels labels = {};  // stage unset
  const uint64_t* row_id = nullptr;
};

// A configured table's order of gradients, and where the device finds its arrays.
struct PackedOrder {
  GradientOrder order;
  const uint32_t* keys = nullptr;  // order.order, and so on
  const uint32_t* piece_begins = nullptr;
  const uint32_t* segment_first = nullptr;
  const uint32_t* term_begins = nullptr;
  const uint32_t* term_grain = nullptr;
  const uint32_t* term_piece = nullptr;
};

struct PackedStep {
  std::vector<PackedGrain> grains;
  const uint64_t* step = nullptr;                 // its number, for a training step
  std::vector<const float* const*> group_tables;  // [groups]: [configured tables] of embeddings
  std::vector<PackedOrder> orders;                // [configured tables]
  uint32_t keys = 0;                              // of all slots of all grains
  size_t batch_bytes = 0;                         // before the rows
  std::vector<float*> rows;                       // [table instances], where the host writes them
};

// What a packer needs to know of the model.
struct PackingPlan {
  const InputLayout* inputs = nullptr;
  const Objective* objective = nullptr;
  std::vector<uint32_t> dims;   // [table instances]
  std::vector<TreeNode> nodes;  // of this worker, counted from its first grain
  size_t grain_rows = 0;
};

class StepPacker {
 public:
  explicit StepPacker(PackingPlan plan) : plan_(std::move(plan)) {}

  // Everything but embedding rows, for which there is room behind it then, into an empty block.
  // training: gradients will be wanted. Error: kResourceExhausted, the block is too small.
  Status PackBatch(const StepBatch& batch, bool training, PackedBlock* block, PackedStep* out);
  // The rows of the same batch.
  void PackRows(const StepBatch& batch, const PulledRows& rows, const PackedStep& packed) const;

 private:
  // Where the host writes what PackSlots finds out; null once the block is full.
  struct SidePlaces {
    DeviceSide* side;
    DeviceSlot* slots;
  };

  PackedGrain PackGrain(const Batch& grain, PackedBlock* block);
  RowIndex PackIndex(const Batch& batch, PackedBlock* block) const;
  PackedSide PackSide(const SideInputs& side, const FeatureColumns& features, PackedBlock* block);
  // A side's offsets, positions and values.
  void PackSlots(const SideInputs& inputs, const FeatureColumns& features,
                 const std::vector<std::vector<uint32_t>>& positions, size_t grain,
                 const SidePlaces& places, PackedSide* side, PackedBlock* block, PackedStep* out);
  void PackOrders(const StepBatch& batch, PackedBlock* block, PackedStep* out);
  void PlaceRows(const StepBatch& batch, const std::vector<const float**>& tables,
                 PackedBlock* block, PackedStep* out) const;

  const PackingPlan plan_;
  GradientOrderMaker maker_;
  std::vector<SidePlaces> places_;  // of contexts and of exposures, grain by grain
  std::vector<std::vector<std::vector<PositionedKeys>>> slots_;  // [configured table][grain]
};

}  // namespace chorus::worker
