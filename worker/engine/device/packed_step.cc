#include "worker/engine/device/packed_step.h"

#include <algorithm>
#include <utility>

#include "common/strings.h"
#include "worker/math/row_stride.h"

namespace chorus::worker {
namespace {

Status CheckRoom(const PackedBlock& block) {
  if (!block.full()) return Status::Ok();
  return ResourceExhausted(StrCat("a step needs ", (block.used() >> 20) + 1,
                                  " MiB on the device, compute.cuda.step_memory_mb is ",
                                  block.capacity() >> 20));
}

// The rows of each context, one context after the other.  order: [rows].  begins: [padded + 1];
// beyond the contexts come those that pad them, without rows.
void FillIndex(const Batch& grain, size_t padded, std::vector<uint32_t>* scratch, uint32_t* order,
               uint32_t* begins) {
  std::fill_n(begins, padded + 1, 0u);
  for (const uint32_t context : grain.context_of) ++begins[context + 1];
  for (size_t c = 0; c < padded; ++c) begins[c + 1] += begins[c];
  std::vector<uint32_t>& next = *scratch;
  next.assign(begins, begins + grain.contexts.rows);
  for (uint32_t i = 0; i < grain.rows(); ++i) order[next[grain.context_of[i]]++] = i;
}

}  // namespace

StepPacker::StepPacker(PackingPlan plan)
    : plan_(std::move(plan)),
      slots_(plan_.inputs->tables),
      makers_(plan_.inputs->tables),
      scratch_(plan_.pool == nullptr ? 1 : plan_.pool->threads()) {}

// Its place, and a note that it is to be copied there.  room: the least number of elements that
// there is room for.
template <typename T>
const T* StepPacker::Copy(const std::vector<T>& values, PackedBlock* block, size_t room) {
  const T* on_device = nullptr;
  T* const to = block->Take<T>(std::max(values.size(), room), &on_device);
  if (to != nullptr) copies_.Add(values.data(), to, values.size() * sizeof(T));
  return on_device;
}

// Of an array that not every step has; null where the grain has none.
template <typename T>
const T* StepPacker::CopyOfRows(const std::vector<T>& values, bool in_step, PackedBlock* block) {
  if (!in_step) return nullptr;
  const T* const on_device = Copy(values, block, plan_.grain_rows);
  return values.empty() ? nullptr : on_device;
}

RowIndex StepPacker::PlaceIndex(const Batch& grain, PackedBlock* block) {
  RowIndex index;
  index.of = Copy(grain.context_of, block, plan_.grain_rows);
  index.rows = grain.rows();
  const size_t padded = std::max<size_t>(plan_.grain_rows, grain.contexts.rows);
  const size_t rows = std::max<size_t>(plan_.grain_rows, grain.rows());
  uint32_t* const order = block->Take<uint32_t>(rows, &index.order);
  uint32_t* const begins = block->Take<uint32_t>(padded + 1, &index.begins);
  if (begins != nullptr) indexes_.push_back({&grain, order, begins, padded});
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
  packed.sequences = side.sequences;
  DeviceSide* const place = block->Take<DeviceSide>(1, &out.on_device);
  places_.push_back({place, block->Take<DeviceSlot>(side.slots.size(), &packed.slots)});
  uint32_t* const slot_of =
      block->Take<uint32_t>(static_cast<size_t>(side.slot_width), &packed.slot_of_column);
  const size_t room = std::max<size_t>(plan_.grain_rows, features.rows);
  float* numerics = block->Take<float>(side.numerics.size() * room, &packed.numerics);
  if (block->full()) return out;
  for (uint32_t s = 0; s < side.slots.size(); ++s) {
    std::fill_n(slot_of + side.slots[s].first, side.slots[s].width(), s);
  }
  for (const uint32_t column : side.numerics) {
    copies_.Add(features.numerics[column].data(), numerics, features.rows * sizeof(float));
    numerics += features.rows;
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
    slots_[slot.table][grain].push_back({&positions[slot.read], out->keys});
    DeviceSlot packed = {};
    packed.offsets = Copy(column.offsets, block);
    packed.positions = Copy(positions[slot.read], block);
    if (!column.values.empty()) packed.values = Copy(column.values, block);
    packed.first_key = out->keys;
    packed.table = slot.table;
    packed.dim = slot.dim;
    packed.first_column = static_cast<uint32_t>(slot.first);
    packed.pooling = static_cast<int32_t>(slot.pooling);
    packed.max_length = slot.max_length;
    out->keys += static_cast<uint32_t>(column.keys.size());
    if (!block->full()) places.slots[s] = packed;
  }
  side->side.keys = out->keys - side->side.first_key;
  if (!block->full()) *places.side = side->side;
}

PackedGrain StepPacker::PackGrain(const Batch& grain, const RowDraws& draws, PackedBlock* block) {
  PackedGrain packed;
  packed.rows = grain.rows();
  packed.contexts = grain.contexts.rows;
  packed.context_side = PackSide(plan_.inputs->contexts, grain.contexts, block);
  packed.exposure_side = PackSide(plan_.inputs->exposures, grain.exposures, block);
  packed.context_of = PlaceIndex(grain, block);
  packed.labels.click = Copy(grain.click, block, plan_.grain_rows);
  packed.labels.conversion = Copy(grain.conversion, block, plan_.grain_rows);
  packed.labels.weight = CopyOfRows(grain.weight, has_weight_, block);
  packed.labels.copies = CopyOfRows(draws.copies, has_copies_, block);
  packed.labels.draw = CopyOfRows(draws.draw, has_draw_, block);
  packed.labels.rows = packed.rows;
  packed.row_id = Copy(grain.row_id, block, plan_.grain_rows);
  return packed;
}

void StepPacker::PackGrains(const StepBatch& batch, PackedBlock* block, PackedStep* out) {
  for (size_t g = 0; g < batch.grains.size(); ++g) {
    out->grains.push_back(PackGrain(batch.grains[g], draws_[g], block));
  }
  for (size_t g = 0; g < batch.grains.size(); ++g) {
    const Batch& grain = batch.grains[g];
    const GrainPositions& positions = batch.positions[g];
    PackedGrain* const packed = &out->grains[g];
    PackSlots(plan_.inputs->contexts, grain.contexts, positions.context, g, places_[2 * g],
              &packed->context_side, block, out);
    PackSlots(plan_.inputs->exposures, grain.exposures, positions.exposure, g, places_[2 * g + 1],
              &packed->exposure_side, block, out);
  }
}

void StepPacker::BeginOrders(const StepBatch& batch, PackedStep* out) {
  for (uint32_t table = 0; table < plan_.inputs->tables; ++table) {
    // All groups that are computed hold the same keys; the first one is of the first stage.
    size_t positions = 0;
    for (size_t i = table; i < batch.keys.size(); i += plan_.inputs->tables) {
      positions = std::max(positions, batch.keys[i].keys.size());
    }
    makers_[table].Begin(slots_[table], static_cast<uint32_t>(positions),
                         static_cast<uint32_t>(scratch_.size()), &out->orders[table].order);
    for (uint32_t part = 0; part < makers_[table].parts(); ++part) sorts_.push_back({table, part});
  }
}

// What is large in the places that have been taken: the longest parts first.
Status StepPacker::FillIn(const PackedStep& step) {
  const size_t sorting = sorts_.empty() ? 0 : step.keys * size_t{16};  // as long as copying them
  const auto work = [&](size_t part, uint32_t thread) {
    GradientOrderMaker::Scratch* const scratch = &scratch_[thread];
    if (part < sorts_.size()) {
      return makers_[sorts_[part].first].SortPart(sorts_[part].second, scratch);
    }
    part -= sorts_.size();
    if (part >= indexes_.size()) return copies_.Copy(part - indexes_.size());
    const IndexPlaces& index = indexes_[part];
    FillIndex(*index.grain, index.contexts, &scratch->counts, index.order, index.begins);
  };
  const size_t parts = sorts_.size() + indexes_.size() + copies_.pieces();
  RETURN_IF_ERROR(ShareOut(PoolFor(copies_.bytes() + sorting), parts, work));
  copies_.Clear();
  return Status::Ok();
}

Status StepPacker::PackOrders(PackedBlock* block, PackedStep* out) {
  const auto join = [&](size_t table, uint32_t) { makers_[table].Join(plan_.nodes); };
  RETURN_IF_ERROR(ShareOut(PoolFor(out->keys * size_t{8}), makers_.size(), join));
  for (PackedOrder& packed : out->orders) {
    packed.keys = Copy(packed.order.order, block);
    packed.piece_begins = Copy(packed.order.piece_begins, block);
    packed.segment_first = Copy(packed.order.segment_first, block);
    packed.term_begins = Copy(packed.order.term_begins, block);
    packed.term_grain = Copy(packed.order.term_grain, block);
    packed.term_piece = Copy(packed.order.term_piece, block);
  }
  return CopyAll();
}

// Where rows will be is known from their number.
void StepPacker::PlaceRows(const StepBatch& batch, PackedBlock* block, PackedStep* out) const {
  out->batch_bytes = block->used();
  out->rows.clear();
  for (size_t instance = 0; instance < batch.keys.size(); ++instance) {
    const float* on_device = nullptr;
    out->rows.push_back(
        block->Take<float>(batch.keys[instance].keys.size() * plan_.dims[instance], &on_device));
    if (block->full()) continue;
    tables_[instance / plan_.inputs->tables][instance % plan_.inputs->tables] = on_device;
  }
}

void StepPacker::Begin(const StepBatch& batch, PackedStep* out) {
  out->grains.clear();
  out->group_tables.clear();
  out->keys = 0;
  out->orders.resize(plan_.inputs->tables);
  for (std::vector<std::vector<PositionedKeys>>& grains : slots_) {
    grains.resize(batch.grains.size());
    for (std::vector<PositionedKeys>& slots : grains) slots.clear();
  }
  places_.clear();
  indexes_.clear();
  tables_.clear();
  sorts_.clear();
  copies_.Clear();
  draws_.clear();
  has_weight_ = has_copies_ = has_draw_ = false;
  for (const Batch& grain : batch.grains) {
    const RowDraws& draws = draws_.emplace_back(plan_.objective->DrawsOf(LabelsOf(grain)));
    has_weight_ = has_weight_ || !grain.weight.empty();
    has_copies_ = has_copies_ || !draws.copies.empty();
    has_draw_ = has_draw_ || !draws.draw.empty();
  }
}

Status StepPacker::PackBatch(const StepBatch& batch, bool training, PackedBlock* block,
                             PackedStep* out) {
  Begin(batch, out);
  block->Clear();
  uint64_t* const step = block->Take<uint64_t>(1, &out->step);
  if (step != nullptr) *step = batch.step;
  for (size_t first = 0; first < batch.keys.size(); first += plan_.inputs->tables) {
    const float* const* on_device = nullptr;
    tables_.push_back(block->Take<const float*>(plan_.inputs->tables, &on_device));
    out->group_tables.push_back(on_device);
  }
  PackGrains(batch, block, out);
  if (training) BeginOrders(batch, out);
  RETURN_IF_ERROR(FillIn(*out));
  if (training) RETURN_IF_ERROR(PackOrders(block, out));
  PlaceRows(batch, block, out);
  return CheckRoom(*block);
}

Status StepPacker::CopyAll() {
  const auto copy = [&](size_t piece, uint32_t) { copies_.Copy(piece); };
  RETURN_IF_ERROR(ShareOut(PoolFor(copies_.bytes()), copies_.pieces(), copy));
  copies_.Clear();
  return Status::Ok();
}

Status StepPacker::PackRows(const StepBatch& batch, const PulledRows& rows,
                            const PackedStep& packed) {
  for (uint32_t instance = 0; instance < batch.keys.size(); ++instance) {
    const size_t dim = plan_.dims[instance];
    const size_t keys = batch.keys[instance].keys.size();
    float* to = packed.rows[instance];
    for (size_t p = 0; p < keys;) {
      const std::span<const float> run = rows.RowsFrom(instance, static_cast<uint32_t>(p));
      const size_t count = std::min(run.size() / dim, keys - p);
      copies_.Add(run.data(), to, count * dim * sizeof(float));
      to += count * dim;
      p += count;
    }
  }
  return CopyAll();
}

}  // namespace chorus::worker
