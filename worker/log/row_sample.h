#pragma once
// A sample of a log's exposures that is the same whoever reads it, and whenever: whole groups where
// the log has groups, so that metrics by group see all of a group's rows, else single exposures.
// Thread safety: the plan as ReadingPlan; the others are pure functions and values.

#include <cstdint>
#include <memory>

#include "worker/log/batch.h"
#include "worker/log/grain_reader.h"

namespace chorus::worker {

class RowSample {
 public:
  RowSample() = default;  // every exposure
  // About max_rows of `rows` exposures. max_rows: 0 = all.
  RowSample(uint64_t max_rows, uint64_t rows);

  bool all() const { return share_ >= 1; }
  // The probability with which a group, or a single exposure, is drawn; the number of exposures
  // depends on which groups are.
  double share() const { return share_; }
  // Whether the exposure is in the sample: by its group or, where it has none, by its row id.
  bool Has(const Batch& batch, uint32_t row) const;

 private:
  double share_ = 1;
  uint64_t below_ = 0;  // of 2^64
};

// Removes from *batch, whose columns are the schema's, the exposures that are not in the sample,
// and contexts that have none left.  scratch: its memory is used, and what it held is lost.
void KeepSample(const LogSchema& schema, const RowSample& sample, Batch* batch, Batch* scratch);

// The steps and grains of `plan`, of which each holds those of its rows that are in the sample.
// counts() is that of `plan`. Both must outlive the result.
std::unique_ptr<ReadingPlan> NewSampledPlan(const LogSchema* schema, const ReadingPlan* plan,
                                            const RowSample& sample);

}  // namespace chorus::worker
