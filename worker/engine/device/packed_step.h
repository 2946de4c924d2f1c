#pragma once
// A worker's part of a step as one block of bytes that a device gets in two copies: first grains
// (numerics, labels, who belongs to which context; offsets, positions, values) and the order in
// which gradients are added; behind them embedding rows, which arrive later. Pointers in it point
// into the device's copy of the block.
//
// Arrays that have no more elements than a grain has rows come first, with room for as many. They
// are in the same place in every step, and point to the rest, so that what has been enqueued for
// one step can be started again for the next in the same block. Threads share the packing; whatever
// their number, the bytes are the same. Thread safety: none.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "common/status.h"
#include "common/tree.h"
#include "worker/device/device_types.h"
#include "worker/engine/device/gradient_order.h"
#include "worker/engine/device/packed_block.h"
#include "worker/math/array_copies.h"
#include "worker/math/backend.h"
#include "worker/math/thread_pool.h"
#include "worker/model/input_layout.h"
#include "worker/objective/objective.h"
#include "worker/servers/ps_client.h"
#include "worker/steps/step_reader.h"

namespace chorus::worker {

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
  ThreadPool* pool = nullptr;             // its threads share the work; null: the caller's alone
  size_t least_shared = size_t{4} << 20;  // the copied bytes that are worth waking threads for
};

class StepPacker {
 public:
  explicit StepPacker(PackingPlan plan);

  // Packs everything but embedding rows into an empty block, and leaves room for the rows behind
  // it. training: gradients will be wanted. Error: kResourceExhausted, the block is too small.
  Status PackBatch(const StepBatch& batch, bool training, PackedBlock* block, PackedStep* out);
  // Packs the rows of the same batch.
  Status PackRows(const StepBatch& batch, const PulledRows& rows, const PackedStep& packed);

 private:
  // Where the host writes what PackSlots finds out; null once the block is full.
  struct SidePlaces {
    DeviceSide* side;
    DeviceSlot* slots;
  };
  // Where the host writes a grain's RowIndex.
  struct IndexPlaces {
    const Batch* grain;
    uint32_t* order;
    uint32_t* begins;
    size_t contexts;  // padded
  };

  template <typename T>
  const T* Copy(const std::vector<T>& values, PackedBlock* block, size_t room = 0);
  template <typename T>
  const T* CopyOfRows(const std::vector<T>& values, bool in_step, PackedBlock* block);
  void Begin(const StepBatch& batch, PackedStep* out);
  PackedGrain PackGrain(const Batch& grain, const RowDraws& draws, PackedBlock* block);
  RowIndex PlaceIndex(const Batch& grain, PackedBlock* block);
  PackedSide PackSide(const SideInputs& side, const FeatureColumns& features, PackedBlock* block);
  void PackGrains(const StepBatch& batch, PackedBlock* block, PackedStep* out);
  // A side's offsets, positions and values.
  void PackSlots(const SideInputs& inputs, const FeatureColumns& features,
                 const std::vector<std::vector<uint32_t>>& positions, size_t grain,
                 const SidePlaces& places, PackedSide* side, PackedBlock* block, PackedStep* out);
  void BeginOrders(const StepBatch& batch, PackedStep* out);
  Status FillIn(const PackedStep& step);
  Status PackOrders(PackedBlock* block, PackedStep* out);
  void PlaceRows(const StepBatch& batch, PackedBlock* block, PackedStep* out) const;
  Status CopyAll();
  // Null where the work takes so short a time, that of copying `bytes`, that this thread does it
  // alone.
  ThreadPool* PoolFor(size_t bytes) const {
    return bytes < plan_.least_shared ? nullptr : plan_.pool;
  }

  const PackingPlan plan_;
  std::vector<SidePlaces> places_;  // of contexts and of exposures, grain by grain
  std::vector<IndexPlaces> indexes_;
  std::vector<const float**> tables_;  // [groups], where the host writes the addresses of rows
  std::vector<RowDraws> draws_;        // [grains]
  // What some grain of the step has: empty ones then get a place for it.
  bool has_weight_ = false, has_copies_ = false, has_draw_ = false;
  std::vector<std::vector<std::vector<PositionedKeys>>> slots_;  // [configured table][grain]
  std::vector<GradientOrderMaker> makers_;                       // [configured tables]
  std::vector<std::pair<uint32_t, uint32_t>> sorts_;             // (table, part of its maker)
  std::vector<GradientOrderMaker::Scratch> scratch_;             // [threads]
  ArrayCopies copies_;
};

}  // namespace chorus::worker
