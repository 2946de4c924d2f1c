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

}  // namespace

BlockBuilder::BlockBuilder(const ColumnPlan& plan, const LogSchema& schema)
    : plan_(plan), schema_(schema), batch_(EmptyBatch(plan)) {}

void BlockBuilder::Add(const ParsedRow& row, const ParsedSide& context, uint64_t serial) {
  if (serial != context_serial_) {
    AddSide(plan_.contexts, context, &batch_.contexts);
    context_serial_ = serial;
  }
  AddSide(plan_.exposures, row.exposure, &batch_.exposures);
  batch_.context_of.push_back(batch_.contexts.rows - 1);
  batch_.row_id.push_back(row.row_id);
  batch_.click.push_back(row.click);
  batch_.conversion.push_back(row.conversion);
  if (plan_.weight) batch_.weight.push_back(row.weight);
  if (plan_.group) batch_.group.push_back(row.group);
  if (plan_.time) batch_.time.push_back(row.time);
  if (plan_.row_id_text) {
    batch_.row_id_text.push_back(row.row_id_text);
    ids_ += row.row_id_text.size() / 8;
  }
}

void BlockBuilder::AddSide(const SidePlan& plan, const ParsedSide& side, FeatureColumns* out) {
  uint32_t begin = 0;
  for (size_t s = 0; s < plan.slots.size(); ++s) {
    SlotColumn& column = out->slots[s];
    const uint32_t end = side.slot_ends[s];
    column.keys.insert(column.keys.end(), side.keys.begin() + begin, side.keys.begin() + end);
    if (plan.slots[s].has_values) {
      column.values.insert(column.values.end(), side.values.begin() + begin,
                           side.values.begin() + end);
    }
    column.offsets.push_back(static_cast<uint32_t>(column.keys.size()));
    begin = end;
  }
  for (size_t n = 0; n < plan.numerics.size(); ++n) {
    const NumericPlan& numeric = plan.numerics[n];
    out->numerics[n].push_back(
        NormalisedValue(side.numerics[n], schema_.numerics[numeric.schema_index], numeric.missing));
  }
  ids_ += side.keys.size();
  ++out->rows;
}

Batch BlockBuilder::Take() {
  context_serial_ = 0;  // no row has serial 0: the next row brings its context again
  ids_ = 0;
  return std::exchange(batch_, EmptyBatch(plan_));
}

float NormalisedValue(double x, const NumericInfo& info, float missing) {
  if (std::isnan(x)) return missing;
  // A row outside the training part may lie any number of deviations away; the log holds finite
  // floats.
  constexpr double kLargest = std::numeric_limits<float>::max();
  return static_cast<float>(std::clamp((x - info.mean) / info.stddev, -kLargest, kLargest));
}

}  // namespace chorus::worker
