#include "worker/packed_step.h"

#include <algorithm>
#include <utility>

#include "common/strings.h"
#include "worker/row_stride.h"

namespace chorus::worker {
namespace {

// The rows of each context, one context after the other.
RowIndex PackIndex(const Batch& batch, PackedBlock* block) {
  RowIndex index;
  index.of = block->Copy(batch.context_of);
  index.rows = batch.rows();
  // Beyond the contexts come those that pad them, without rows; a grain never pads to more than
  // twice as many, and 8.
  const size_t padded = size_t{batch.contexts.rows} * 2 + 8;
  uint32_t* const order = block->Take<uint32_t>(batch.rows(), &index.order);
  uint32_t* const begins = block->Take<uint32_t>(padded + 1, &index.begins);
  if (order == nullptr || begins == nullptr) return index;
  std::fill_n(begins, padded + 1, 0u);
  for (const uint32_t context : batch.context_of) ++begins[context + 1];
  for (size_t c = 0; c < padded; ++c) begins[c + 1] += begins[c];
  std::vector<uint32_t> next(begins, begins + batch.contexts.rows);
  for (uint32_t i = 0; i < batch.rows(); ++i) order[next[batch.context_of[i]]++] = i;
  return index;
}

Status CheckRoom(const PackedBlock& block) {
  if (!block.full()) return Status::Ok();
  return ResourceExhausted(StrCat("a step needs ", (block.used() >> 20) + 1,
                                  " MiB on the device, compute.cuda.step_memory_mb is ",
                                  block.capacity() >> 20));
}

}  // namespace

DeviceSide StepPacker::PackSide(const SideInputs& side, const FeatureColumns& features,
                                const std::vector<std::vector<uint32_t>>& positions,
                                PackedBlock* block, uint32_t* keys) {
  DeviceSide out = {};
  out.rows = features.rows;
  out.slot_width = side.slot_width;
  out.gradient_stride = RowStride(side.slot_width);
  out.slot_count = static_cast<int64_t>(side.slots.size());
  out.first_key = *keys;
  DeviceSlot* const slots = block->Take<DeviceSlot>(side.slots.size(), &out.slots);
  uint32_t* const slot_of =
      block->Take<uint32_t>(static_cast<size_t>(side.slot_width), &out.slot_of_column);
  for (uint32_t s = 0; s < side.slots.size(); ++s) {
    const SlotInput& slot = side.slots[s];
    const SlotColumn& column = features.slots[slot.column];
    DeviceSlot packed = {};
    packed.offsets = block->Copy(column.offsets);
    packed.positions = block->Copy(positions[slot.column]);
    if (!column.values.empty()) packed.values = block->Copy(column.values);
    packed.first_key = *keys;
    packed.table = slot.table;
    packed.dim = slot.dim;
    packed.first_column = static_cast<uint32_t>(slot.first);
    packed.pooling = static_cast<int32_t>(slot.pooling);
    *keys += static_cast<uint32_t>(column.keys.size());
    if (block->full()) continue;
    slots[s] = packed;
    std::fill_n(slot_of + slot.first, slot.dim, s);
  }
  out.keys = *keys - out.first_key;
  float* numerics = block->Take<float>(side.numerics.size() * size_t{features.rows}, &out.numerics);
  for (const uint32_t column : side.numerics) {
    if (block->full()) break;
    numerics = std::copy_n(features.numerics[column].data(), features.rows, numerics);
  }
  return out;
}

void StepPacker::PackGrain(const StepBatch& batch, size_t index, PackedBlock* block,
                           PackedStep* out) {
  const Batch& grain = batch.grains[index];
  const GrainPositions& positions = batch.positions[index];
  PackedGrain& packed = out->grains.emplace_back();
  packed.rows = grain.rows();
  packed.contexts = grain.contexts.rows;
  const auto note_keys = [&](const SideInputs& side,
                             const std::vector<std::vector<uint32_t>>& of_slots) {
    uint32_t first = out->keys;
    for (const SlotInput& slot : side.slots) {
      slots_[slot.table][index].push_back({&of_slots[slot.column], first});
      first += static_cast<uint32_t>(of_slots[slot.column].size());
    }
  };
  note_keys(plan_.inputs->contexts, positions.context);
  packed.context_side =
      PackSide(plan_.inputs->contexts, grain.contexts, positions.context, block, &out->keys);
  note_keys(plan_.inputs->exposures, positions.exposure);
  packed.exposure_side =
      PackSide(plan_.inputs->exposures, grain.exposures, positions.exposure, block, &out->keys);
  packed.context_of = PackIndex(grain, block);
  packed.labels.click = block->Copy(grain.click);
  packed.labels.conversion = block->Copy(grain.conversion);
  if (!grain.weight.empty()) packed.labels.weight = block->Copy(grain.weight);
  const RowDraws draws = plan_.objective->DrawsOf(LabelsOf(grain));
  if (!draws.copies.empty()) packed.labels.copies = block->Copy(draws.copies);
  if (!draws.draw.empty()) packed.labels.draw = block->Copy(draws.draw);
  packed.labels.rows = packed.rows;
  packed.row_id = block->Copy(grain.row_id);
}

Status StepPacker::PackRows(const StepBatch& batch, const PulledRows& rows, PackedBlock* block,
                            PackedStep* out) {
  std::vector<const float*> instances;
  for (uint32_t instance = 0; instance < batch.keys.size(); ++instance) {
    const size_t keys = batch.keys[instance].keys.size(), dim = plan_.dims[instance];
    float* to = block->Take<float>(keys * dim, &instances.emplace_back());
    if (to == nullptr) continue;
    for (uint32_t p = 0; p < keys; ++p) to = std::copy_n(rows.row(instance, p), dim, to);
  }
  const size_t tables = plan_.inputs->tables;
  out->group_tables.clear();
  for (size_t first = 0; first < instances.size(); first += tables) {
    out->group_tables.push_back(block->Copy(
        std::vector<const float*>(instances.begin() + static_cast<int64_t>(first),
                                  instances.begin() + static_cast<int64_t>(first + tables))));
  }
  return CheckRoom(*block);
}

void StepPacker::PackOrders(const StepBatch& batch, PackedBlock* block, PackedStep* out) {
  for (uint32_t table = 0; table < plan_.inputs->tables; ++table) {
    // All groups that are computed hold the same keys; the first one is of the first stage.
    size_t positions = 0;
    for (size_t i = table; i < batch.keys.size(); i += plan_.inputs->tables) {
      positions = std::max(positions, batch.keys[i].keys.size());
    }
    PackedOrder& packed = out->orders[table];
    maker_.Make(slots_[table], plan_.nodes, static_cast<uint32_t>(positions), &packed.order);
    packed.keys = block->Copy(packed.order.order);
    packed.piece_begins = block->Copy(packed.order.piece_begins);
    packed.segment_first = block->Copy(packed.order.segment_first);
    packed.term_begins = block->Copy(packed.order.term_begins);
    packed.term_grain = block->Copy(packed.order.term_grain);
    packed.term_piece = block->Copy(packed.order.term_piece);
  }
}

Status StepPacker::PackBatch(const StepBatch& batch, bool with_order, PackedBlock* block,
                             PackedStep* out) {
  block->Clear();
  out->grains.clear();
  out->keys = 0;
  out->orders.resize(plan_.inputs->tables);
  slots_.assign(plan_.inputs->tables, {});
  for (auto& grains : slots_) grains.resize(batch.grains.size());
  for (size_t g = 0; g < batch.grains.size(); ++g) PackGrain(batch, g, block, out);
  if (with_order) PackOrders(batch, block, out);
  return CheckRoom(*block);
}

}  // namespace chorus::worker
