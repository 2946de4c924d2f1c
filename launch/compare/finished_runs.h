#pragma once
// The finished runs of a comparison, found by method, data set and seed.
// Thread safety: const methods from any thread.

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "common/compare.pb.h"
#include "common/file.h"
#include "common/status.h"
#include "launch/compare/plan.h"
#include "worker/metrics/scores.h"

namespace chorus::launch {

struct FinishedRun {
  const PlannedRun* run = nullptr;
  RunRecord record;
};

// Seeds by data sets: what means and differences are taken over. Both ascending.
struct RunGrid {
  std::vector<uint32_t> folds;
  std::vector<uint64_t> seeds;  // each on all of these folds

  bool empty() const { return seeds.empty(); }
  friend bool operator==(const RunGrid&, const RunGrid&) = default;
};

// The folds for which each of these methods has a run, and the seeds for which all have one on all
// those folds. has(method, fold, seed); seeds 1 .. seeds.
RunGrid GridOf(const std::vector<uint32_t>& methods, uint32_t folds, uint64_t seeds,
               const std::function<bool(uint32_t, uint32_t, uint64_t)>& has);

class FinishedRuns {
 public:
  // `files` and `plan` outlive the result. Error: what FindRunRecord gives.
  static Result<FinishedRuns> Find(FileSystem& files, const ComparePlan& plan);

  FileSystem& files() const { return *files_; }
  const ComparePlan& plan() const { return *plan_; }
  const std::vector<FinishedRun>& runs() const { return runs_; }  // in the plan's order
  // Null: not finished.
  const FinishedRun* At(uint32_t method, uint32_t fold, uint64_t seed) const;
  // The finished runs that all these methods have.
  RunGrid CommonRuns(const std::vector<uint32_t>& methods) const;
  // The scores of the run's test log. Errors name the file.
  Result<worker::Scores> ScoresOf(const FinishedRun& run) const;

 private:
  FileSystem* files_ = nullptr;
  const ComparePlan* plan_ = nullptr;
  std::vector<FinishedRun> runs_;
};

}  // namespace chorus::launch
