#include "worker/train/step_sums.h"

#include <algorithm>

namespace chorus::worker {

void StepSums::FillExtras(const Batch* grain, const SpaceWeights* next_spaces, bool snapshot_due,
                          std::span<double> extras) {
  std::fill(extras.begin(), extras.end(), 0.0);
  if (next_spaces != nullptr) std::copy_n(next_spaces->sum, kSpaces, &extras[kNextSpaces]);
  if (grain != nullptr) extras[kRows] = grain->rows();
  extras[kSnapshotDue] = snapshot_due ? 1 : 0;
}

SpaceWeights StepSums::next_spaces() const {
  SpaceWeights spaces;
  std::copy_n(&sums_[terms_ + kNextSpaces], kSpaces, spaces.sum);
  return spaces;
}

}  // namespace chorus::worker
