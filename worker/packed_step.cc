#include "worker/packed_step.h"

#include <algorithm>
#include <utility>

#include "common/strings.h"
#include "worker/row_stride.h"

namespace chorus::worker {
namespace {

Status CheckRoom(const PackedBlock& block) {
  if (!block.full()) return Status::Ok();
  return ResourceExhausted(StrCat("a step needs ", (block.used() >> 20) + 1,
                                  " MiB on the device, compute.cuda.step_memory_mb is ",
                                  block.capacity() >> 20));
}

}  // namespace

// The rows of each context, one context after the other.
RowIndex StepPacker::PackIndex(const Batch& batch, PackedBlock* block) const {
  RowIndex index;
  index.of = block->Copy(batch.context_of, plan_.grain_rows);
  index.rows = batch.rows();
  // Beyond the contexts come those that pad them, without rows.
  const size_t padded = std::max<size_t>(plan_.grain_rows, batch.contexts.rows);
  const size_t rows = std::max<size_t>(plan_.grain_rows, batch.rows());
  uint32_t* const order = block->Take<uint32_t>(rows, &index.order);
  uint32_t* const begins = block->Take<uint32_t>(padded + 1, &index.begins);
  if (order == nullptr || begins == nullptr) return index;
  std::fill_n(begins, padded + 1, 0u);
  for (const uint32_t context : batch.context_of) ++begins[context + 1];
  for (size_t c = 0; c < padded; ++c) begins[c + 1] += begins[c];
  std::vector<uint32_t> next(begins, begins + batch.contexts.rows);
  for (uint32_t i = 0; i < batch.rows(); ++i) order[next[batch.context_of[i]]++] = i;
  return index;
}

PackedSide StepPacker::PackSide(const SideInputs& side, const FeatureColumns& features,
                                PackedBlock* block) {
  PackedSide out;
  DeviceSide& packed = out.side;
  packed.rows = features.rows;
  packed.slot_width = side.slot_width;
  packed.gradient_stride = RowStride(side.slot_width);
  packed.slot_count = static_cast<int64_t>(side.slots.size());
  DeviceSide* const place = block->Take<DeviceSide>(1, &out.on_device);
  places_.push_back({place, block->Take<DeviceSlot>(side.slots.size(), &packed.slots)});
  uint32_t* const slot_of =
      block->Take<uint32_t>(static_cast<size_t>(side.slot_width), &packed.slot_of_column);
  const size_t room = std::max<size_t>(plan_.grain_rows, features.rows);
  float* numerics = block->Take<float>(side.numerics.size() * room, &packed.numerics);
  if (block->full()) return out;
  for (uint32_t s = 0; s < side.slots.size(); ++s) {
    std::fill_n(slot_of + side.slots[s].first, side.slots[s].dim, s);
  }
  for (const uint32_t column : side.numerics) {
    numerics = std::copy_n(features.numerics[column].data(), features.rows, numerics);
  }
  return out;
}

void StepPacker::PackSlots(const SideInputs& inputs, const FeatureColumns& features,
                           const std::vector<std::vector<uint32_t>>& positions, size_t grain,
                           const SidePlaces& places, PackedSide* side, PackedBlock* block,
                           PackedStep* out) {
  side->side.first_key = out->keys;
  for (size_t s = 0; s < inputs.slots.size(); ++s) {
    const SlotInput& slot = inputs.slots[s];
    const SlotColumn& column = features.slots[slot.column];
    slots_[slot.table][grain].push_back({&positions[slot.column], out->keys});
    DeviceSlot packed = {};
    packed.offsets = block->Copy(column.offsets);
    packed.positions = block->Copy(positions[slot.column]);
    if (!column.values.empty()) packed.values = block->Copy(column.values);
    packed.first_key = out->keys;
    packed.table = slot.table;
    packed.dim = slot.dim;
    packed.first_column = static_cast<uint32_t>(slot.first);
    packed.pooling = static_cast<int32_t>(slot.pooling);
    out->keys += static_cast<uint32_t>(column.keys.size());
    if (!block->full()) places.slots[s] = packed;
  }
  side->side.keys = out->keys - side->side.first_key;
  if (!block->full()) *places.side = side->side;
}

PackedGrain StepPacker::PackGrain(const Batch& grain, PackedBlock* block) {
  PackedGrain packed;
  const size_t room = plan_.grain_rows;
  packed.rows = grain.rows();
  packed.contexts = grain.contexts.rows;
  packed.context_side = PackSide(plan_.inputs->contexts, grain.contexts, block);
  packed.exposure_side = PackSide(plan_.inputs->exposures, grain.exposures, block);
  packed.context_of = PackIndex(grain, block);
  packed.labels.click = block->Copy(grain.click, room);
  packed.labels.conversion = block->Copy(grain.conversion, room);
  if (!grain.weight.empty()) packed.labels.weight = block->Copy(grain.weight, room);
  const RowDraws draws = plan_.objective->DrawsOf(LabelsOf(grain));
  if (!draws.copies.empty()) packed.labels.copies = block->Copy(draws.copies, room);
  if (!draws.draw.empty()) packed.labels.draw = block->Copy(draws.draw, room);
  packed.labels.rows = packed.rows;
  packed.row_id = block->Copy(grain.row_id, room);
  return packed;
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

// Where rows will lie is known from their number; tables: [groups], where the host writes it down.
void StepPacker::PlaceRows(const StepBatch& batch, const std::vector<const float**>& tables,
                           PackedBlock* block, PackedStep* out) const {
  out->batch_bytes = block->used();
  out->rows.clear();
  for (size_t instance = 0; instance < batch.keys.size(); ++instance) {
    const float* on_device = nullptr;
    out->rows.push_back(
        block->Take<float>(batch.keys[instance].keys.size() * plan_.dims[instance], &on_device));
    if (block->full()) continue;
    tables[instance / plan_.inputs->tables][instance % plan_.inputs->tables] = on_device;
  }
}

Status StepPacker::PackBatch(const StepBatch& batch, bool training, PackedBlock* block,
                             PackedStep* out) {
  block->Clear();
  out->grains.clear();
  out->group_tables.clear();
  out->keys = 0;
  out->orders.resize(plan_.inputs->tables);
  slots_.assign(plan_.inputs->tables, {});
  for (auto& grains : slots_) grains.resize(batch.grains.size());
  places_.clear();
  uint64_t* const step = block->Take<uint64_t>(1, &out->step);
  if (step != nullptr) *step = batch.step;
  std::vector<const float**> tables;
  for (size_t first = 0; first < batch.keys.size(); first += plan_.inputs->tables) {
    const float* const* on_device = nullptr;
    tables.push_back(block->Take<const float*>(plan_.inputs->tables, &on_device));
    out->group_tables.push_back(on_device);
  }
  for (const Batch& grain : batch.grains) out->grains.push_back(PackGrain(grain, block));
  for (size_t g = 0; g < batch.grains.size(); ++g) {
    const Batch& grain = batch.grains[g];
    const GrainPositions& positions = batch.positions[g];
    PackedGrain* const packed = &out->grains[g];
    PackSlots(plan_.inputs->contexts, grain.contexts, positions.context, g, places_[2 * g],
              &packed->context_side, block, out);
    PackSlots(plan_.inputs->exposures, grain.exposures, positions.exposure, g, places_[2 * g + 1],
              &packed->exposure_side, block, out);
  }
  if (training) PackOrders(batch, block, out);
  PlaceRows(batch, tables, block, out);
  return CheckRoom(*block);
}

void StepPacker::PackRows(const StepBatch& batch, const PulledRows& rows,
                          const PackedStep& packed) const {
  for (uint32_t instance = 0; instance < batch.keys.size(); ++instance) {
    const size_t dim = plan_.dims[instance];
    const size_t keys = batch.keys[instance].keys.size();
    float* to = packed.rows[instance];
    for (size_t p = 0; p < keys;) {
      const std::span<const float> run = rows.RowsFrom(instance, static_cast<uint32_t>(p));
      const size_t count = std::min(run.size() / dim, keys - p);
      to = std::copy_n(run.data(), count * dim, to);
      p += count;
    }
  }
}

}  // namespace chorus::worker
