#include "worker/import/block_builder.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace chorus::worker {
namespace {

FeatureColumns EmptyColumns(const SidePlan& plan) {
  FeatureColumns columns;
  columns.slots.resize(plan.slots.size());
  for (SlotColumn& slot : columns.slots) slot.offsets.push_back(0);
  columns.numerics.resize(plan.numerics.size());
  return columns;
}

Batch EmptyBatch(const ColumnPlan& plan) {
  Batch batch;
  batch.contexts = EmptyColumns(plan.contexts);
  batch.exposures = EmptyColumns(plan.exposures);
  return batch;
}

// Slot s of rows, behind the rows that the column has.
void AppendSlot(size_t s, bool has_values, std::span<const ParsedSide* const> sides,
                SlotColumn* column) {
  const auto begin_of = [s](const ParsedSide& side) { return s == 0 ? 0 : side.slot_ends[s - 1]; };
  const size_t first_row = column->offsets.size();
  const size_t first_key = column->keys.size();
  size_t keys = 0;
  for (const ParsedSide* side : sides) keys += side->slot_ends[s] - begin_of(*side);
  column->offsets.resize(first_row + sides.size());
  column->keys.resize(first_key + keys);
  uint32_t* offset = column->offsets.data() + first_row;
  Key* const begin = column->keys.data();
  Key* key = begin + first_key;
  for (const ParsedSide* side : sides) {
    const Key* const from = side->keys.data();
    const uint32_t to = side->slot_ends[s];
    for (uint32_t i = begin_of(*side); i < to; ++i) *key++ = from[i];
    *offset++ = static_cast<uint32_t>(key - begin);
  }
  if (!has_values) return;
  for (const ParsedSide* side : sides) {
    column->values.insert(column->values.end(), side->values.begin() + begin_of(*side),
                          side->values.begin() + side->slot_ends[s]);
  }
}

}  // namespace

BlockBuilder::BlockBuilder(const ColumnPlan& plan, const LogSchema& schema)
    : plan_(plan), schema_(schema), batch_(EmptyBatch(plan)) {}

void BlockBuilder::Hold(const ParsedRow& row, const ParsedSide& context, uint64_t serial) {
  // As many as the first cache holds, with their columns.
  constexpr size_t kMostHeld = 64;
  if (held_rows_.size() == kMostHeld) Flush();
  if (serial != context_serial_) {
    held_contexts_.push_back(&context);
    ids_ += context.keys.size();
    context_serial_ = serial;
  }
  held_context_of_.push_back(batch_.contexts.rows + static_cast<uint32_t>(held_contexts_.size()) -
                             1);
  held_rows_.push_back(&row);
  held_exposures_.push_back(&row.exposure);
  ids_ += row.exposure.keys.size();
  if (plan_.row_id_text) ids_ += row.row_id_text.size() / 8;
}

void BlockBuilder::Flush() {
  if (held_rows_.empty()) return;
  FlushSides(plan_.contexts, held_contexts_, &batch_.contexts, &raw_.contexts);
  FlushSides(plan_.exposures, held_exposures_, &batch_.exposures, &raw_.exposures);
  FlushRows();
  held_rows_.clear();
  held_context_of_.clear();
  held_exposures_.clear();
  held_contexts_.clear();
}

void BlockBuilder::FlushRows() {
  batch_.context_of.insert(batch_.context_of.end(), held_context_of_.begin(),
                           held_context_of_.end());
  for (const ParsedRow* row : held_rows_) {
    batch_.row_id.push_back(row->row_id);
    batch_.click.push_back(row->click);
    batch_.conversion.push_back(row->conversion);
  }
  if (plan_.weight) {
    for (const ParsedRow* row : held_rows_) batch_.weight.push_back(row->weight);
  }
  if (plan_.group) {
    for (const ParsedRow* row : held_rows_) batch_.group.push_back(row->group);
  }
  if (plan_.time) {
    for (const ParsedRow* row : held_rows_) batch_.time.push_back(row->time);
  }
  if (plan_.row_id_text) {
    for (const ParsedRow* row : held_rows_) batch_.row_id_text.push_back(row->row_id_text);
  }
}

void BlockBuilder::FlushSides(const SidePlan& plan, std::span<const ParsedSide* const> sides,
                              FeatureColumns* out, std::vector<std::vector<double>>* raw) const {
  for (size_t s = 0; s < plan.slots.size(); ++s) {
    AppendSlot(s, plan.slots[s].has_values, sides, &out->slots[s]);
  }
  if (keeps_raw_) raw->resize(plan.numerics.size());
  for (size_t n = 0; n < plan.numerics.size(); ++n) {
    const NumericPlan& numeric = plan.numerics[n];
    if (keeps_raw_ && numeric.transform != ColumnNumeric::NONE) {
      for (const ParsedSide* side : sides) (*raw)[n].push_back(side->numerics[n]);
      continue;
    }
    const NumericInfo& info = schema_.numerics[numeric.schema_index];
    for (const ParsedSide* side : sides) {
      out->numerics[n].push_back(NormalisedValue(side->numerics[n], info, numeric.missing));
    }
  }
  out->rows += static_cast<uint32_t>(sides.size());
}

Batch BlockBuilder::Take() {
  Flush();
  context_serial_ = 0;  // no row has serial 0: the next row brings its context again
  ids_ = 0;
  return std::exchange(batch_, EmptyBatch(plan_));
}

Batch BlockBuilder::TakeRaw(RawNumerics* raw) {
  Batch batch = Take();
  *raw = std::exchange(raw_, {});
  return batch;
}

float NormalisedValue(double x, const NumericInfo& info, float missing) {
  if (std::isnan(x)) return missing;
  // A row outside the training part may be any number of deviations away; the log holds finite
  // floats.
  constexpr double kLargest = std::numeric_limits<float>::max();
  return static_cast<float>(std::clamp((x - info.mean) / info.stddev, -kLargest, kLargest));
}

}  // namespace chorus::worker
