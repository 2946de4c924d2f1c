#include "launch/compare/finished_runs.h"

#include <algorithm>
#include <utility>

#include "launch/compare/run_record.h"
#include "worker/metrics/score_file.h"

namespace chorus::launch {

RunGrid GridOf(const std::vector<uint32_t>& methods, uint32_t folds, uint64_t seeds,
               const std::function<bool(uint32_t, uint32_t, uint64_t)>& has) {
  RunGrid grid;
  const auto has_fold = [&](uint32_t method, uint32_t fold) {
    bool any = false;
    for (uint64_t seed = 1; seed <= seeds; ++seed) any = any || has(method, fold, seed);
    return any;
  };
  for (uint32_t fold = 0; fold < folds; ++fold) {
    if (std::all_of(methods.begin(), methods.end(),
                    [&](uint32_t method) { return has_fold(method, fold); })) {
      grid.folds.push_back(fold);
    }
  }
  for (uint64_t seed = 1; seed <= seeds && !grid.folds.empty(); ++seed) {
    bool complete = true;
    for (const uint32_t method : methods) {
      for (const uint32_t fold : grid.folds) complete = complete && has(method, fold, seed);
    }
    if (complete) grid.seeds.push_back(seed);
  }
  return grid;
}

Result<FinishedRuns> FinishedRuns::Find(FileSystem& files, const ComparePlan& plan) {
  FinishedRuns out;
  out.files_ = &files;
  out.plan_ = &plan;
  InputChecksums now(files);
  for (const PlannedRun& run : plan.runs) {
    ASSIGN_OR_RETURN(std::optional<RunRecord> record, FindRunRecord(run, &now));
    if (record.has_value()) out.runs_.push_back({&run, std::move(*record)});
  }
  return out;
}

const FinishedRun* FinishedRuns::At(uint32_t method, uint32_t fold, uint64_t seed) const {
  const auto found = std::find_if(runs_.begin(), runs_.end(), [&](const FinishedRun& f) {
    return f.run->method == method && f.run->fold == fold && f.run->seed == seed;
  });
  return found == runs_.end() ? nullptr : &*found;
}

RunGrid FinishedRuns::CommonRuns(const std::vector<uint32_t>& methods) const {
  return GridOf(methods, static_cast<uint32_t>(plan_->config.data_size()), plan_->config.seeds(),
                [&](uint32_t method, uint32_t fold, uint64_t seed) {
                  return At(method, fold, seed) != nullptr;
                });
}

Result<worker::Scores> FinishedRuns::ScoresOf(const FinishedRun& run) const {
  return worker::LoadScores(*files_, run.run->ScoresPath());
}

}  // namespace chorus::launch
