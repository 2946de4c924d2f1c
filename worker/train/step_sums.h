#pragma once
// The doubles that are summed over all grains of a step beside gradients: the loss terms, and
// behind them extras that a worker knows of a grain before or beside its losses. Thread safety: a
// value.

#include <cstdint>
#include <span>
#include <vector>

#include "worker/log/batch.h"
#include "worker/objective/objective.h"

namespace chorus::worker {

class StepSums {
 public:
  enum Extra { kNextSpaces = 0, kRows = kSpaces, kSnapshotDue, kExtras };

  StepSums() = default;
  explicit StepSums(size_t terms) : terms_(terms), sums_(terms + kExtras, 0.0) {}

  // A grain's extras, [kExtras].  grain: of this step, next_spaces: of the same grain of the next
  // step; either may be null.
  static void FillExtras(const Batch* grain, const SpaceWeights* next_spaces, bool snapshot_due,
                         std::span<double> extras);

  std::span<double> all() { return sums_; }  // [terms + extras], for the sum to fill
  std::span<const double> terms() const { return {sums_.data(), terms_}; }
  SpaceWeights next_spaces() const;  // of the whole next step: its labels ride ahead of it
  uint64_t rows() const { return static_cast<uint64_t>(extra(kRows)); }
  bool snapshot_due() const { return extra(kSnapshotDue) > 0; }  // worker 0's clock says so

 private:
  double extra(size_t which) const { return sums_[terms_ + which]; }

  size_t terms_ = 0;
  std::vector<double> sums_;
};

}  // namespace chorus::worker
