#pragma once
// Collects parsed rows into the batch that becomes a block of the log. A context is there once for
// all consecutive rows that share it, and again in the next block when they go on there.
// Thread safety: none.

#include <cstdint>
#include <span>
#include <vector>

#include "worker/import/column_plan.h"
#include "worker/import/parsed_row.h"
#include "worker/log/batch.h"
#include "worker/log/waiting_block.h"

namespace chorus::worker {

class BlockBuilder {
 public:
  // A block ends with this number of ids.
  static constexpr size_t kCrowdedIds = size_t{1} << 24;

  // Both must outlive the builder. schema: plan.schema with what was learnt about numerics.
  BlockBuilder(const ColumnPlan& plan, const LogSchema& schema);
  // For rows whose means are not known yet: TakeRaw is called, and not Take.
  static BlockBuilder OfRawNumerics(const ColumnPlan& plan) {
    BlockBuilder builder(plan, plan.schema);
    builder.keeps_raw_ = true;
    return builder;
  }

  void Add(const ParsedRow& row) { Add(row, row.context, row.context_serial); }
  // The same for a row whose context is elsewhere. serial: equal for consecutive rows of one
  // context, not 0.
  void Add(const ParsedRow& row, const ParsedSide& context, uint64_t serial) {
    Hold(row, context, serial);
    Flush();
  }
  // The same for many rows that are side by side in memory: they are copied column by column, some
  // rows at once. Row and context must stay as they are until Flush or Take.
  void Hold(const ParsedRow& row, const ParsedSide& context, uint64_t serial);
  void Flush();
  uint32_t rows() const { return batch_.exposures.rows + static_cast<uint32_t>(held_rows_.size()); }
  // Whether the block should end because of its ids, however few rows it has: the format bounds a
  // block's bytes.
  bool crowded() const { return ids_ >= kCrowdedIds; }
  // Returns what was added since the last Take.
  Batch Take();
  // The same, with the numbers of standardised numerics apart from the batch, as they are.
  Batch TakeRaw(RawNumerics* raw);

 private:
  void FlushRows();
  void FlushSides(const SidePlan& plan, std::span<const ParsedSide* const> sides,
                  FeatureColumns* out, std::vector<std::vector<double>>* raw) const;

  const ColumnPlan& plan_;
  const LogSchema& schema_;
  bool keeps_raw_ = false;
  Batch batch_;
  RawNumerics raw_;              // if keeps_raw_
  uint64_t context_serial_ = 0;  // of the batch's last context; 0 before the first
  size_t ids_ = 0;               // in all slots; texts of row ids count too, 8 bytes as one
  // Rows that are not in batch_ yet.
  std::vector<const ParsedRow*> held_rows_;
  std::vector<uint32_t> held_context_of_;  // [held_rows_]
  std::vector<const ParsedSide*> held_exposures_, held_contexts_;
};

// The stored value of a numeric cell: NaN (empty) gives `missing`, a number (x - mean) / stddev.
float NormalisedValue(double x, const NumericInfo& info, float missing);

}  // namespace chorus::worker
