#pragma once
// Collects parsed rows into the batch that becomes a block of the log. A context stands once for
// all consecutive rows that share it, and again in the next block when they go on there.
// Thread safety: none.

#include <cstdint>

#include "worker/import/column_plan.h"
#include "worker/import/parsed_row.h"
#include "worker/log/batch.h"

namespace chorus::worker {

class BlockBuilder {
 public:
  // So many ids end a block.
  static constexpr size_t kCrowdedIds = size_t{1} << 24;

  // Both must outlive the builder. schema: plan.schema with what was learnt about numerics.
  BlockBuilder(const ColumnPlan& plan, const LogSchema& schema);

  void Add(const ParsedRow& row) { Add(row, row.context, row.context_serial); }
  // A row whose context lies elsewhere. serial: equal for consecutive rows of one context, not 0.
  void Add(const ParsedRow& row, const ParsedSide& context, uint64_t serial);
  uint32_t rows() const { return batch_.exposures.rows; }
  // There are so many ids that the block should end, whatever its rows: the format bounds a block's
  // bytes.
  bool crowded() const { return ids_ >= kCrowdedIds; }
  // What was added since the last Take.
  Batch Take();

 private:
  void AddSide(const SidePlan& plan, const ParsedSide& side, FeatureColumns* out);

  const ColumnPlan& plan_;
  const LogSchema& schema_;
  Batch batch_;
  uint64_t context_serial_ = 0;  // of the batch's last context; 0 before the first
  size_t ids_ = 0;               // in all slots; texts of row ids count too, 8 bytes as one
};

// The stored value of a numeric cell: NaN (empty) gives `missing`, a number (x - mean) / stddev.
float NormalisedValue(double x, const NumericInfo& info, float missing);

}  // namespace chorus::worker
