#pragma once
// The finished runs of a comparison, found by method, data set and seed.
// Thread safety: const methods from any thread.

#include <cstdint>
#include <optional>
#include <vector>

#include "common/compare.pb.h"
#include "common/file.h"
#include "common/status.h"
#include "launch/compare/plan.h"
#include "worker/scores.h"

namespace chorus::launch {

struct FinishedRun {
  const PlannedRun* run = nullptr;
  RunRecord record;
};

class FinishedRuns {
 public:
  // `plan` outlives the result. Error: what FindRunRecord gives.
  static Result<FinishedRuns> Find(FileSystem& files, const ComparePlan& plan);

  const ComparePlan& plan() const { return *plan_; }
  const std::vector<FinishedRun>& runs() const { return runs_; }  // in the plan's order
  // Null: not finished.
  const FinishedRun* At(uint32_t method, uint32_t fold, uint64_t seed) const;
  // Seeds for which the runs of all these methods on all data sets are finished, ascending.
  std::vector<uint64_t> CompleteSeeds(const std::vector<uint32_t>& methods) const;
  // The scores of the run's test log. Errors name the file.
  Result<worker::Scores> ScoresOf(const FinishedRun& run) const;

 private:
  FileSystem* files_ = nullptr;
  const ComparePlan* plan_ = nullptr;
  std::vector<FinishedRun> runs_;
};

}  // namespace chorus::launch
