#include "launch/compare/finished_runs.h"

#include <algorithm>
#include <utility>

#include "launch/compare/run_record.h"
#include "worker/score_file.h"

namespace chorus::launch {

Result<FinishedRuns> FinishedRuns::Find(FileSystem& files, const ComparePlan& plan) {
  FinishedRuns out;
  out.files_ = &files;
  out.plan_ = &plan;
  for (const PlannedRun& run : plan.runs) {
    ASSIGN_OR_RETURN(std::optional<RunRecord> record, FindRunRecord(files, run));
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

std::vector<uint64_t> FinishedRuns::CompleteSeeds(const std::vector<uint32_t>& methods) const {
  std::vector<uint64_t> seeds;
  const auto folds = static_cast<uint32_t>(plan_->config.data_size());
  for (uint64_t seed = 1; seed <= plan_->config.seeds(); ++seed) {
    bool complete = true;
    for (const uint32_t method : methods) {
      for (uint32_t fold = 0; fold < folds; ++fold) {
        complete = complete && At(method, fold, seed) != nullptr;
      }
    }
    if (complete) seeds.push_back(seed);
  }
  return seeds;
}

Result<worker::Scores> FinishedRuns::ScoresOf(const FinishedRun& run) const {
  return worker::LoadScores(*files_, run.run->ScoresPath());
}

}  // namespace chorus::launch
