#pragma once
// How much a difference between a method and the base would vary with another test log of the same
// size: the sampling variance of the seeds' mean of method minus base, for each column and data
// set. AUCs by DeLong, the others by the paired bootstrap over groups (over exposures where the log
// has none). The numbers are those of worker/statistics; here stands which rows each column takes.
// Thread safety: one thread.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/status.h"
#include "launch/compare/columns.h"
#include "launch/compare/finished_runs.h"
#include "launch/compare/run_draws.h"
#include "launch/compare/run_scores.h"
#include "worker/math/thread_pool.h"

namespace chorus::launch {

// Of one column, [folds] of its grid; absent where one cannot be told (one positive only, ...).
using ColumnVariances = std::optional<std::vector<double>>;

class Sampler {
 public:
  // `finished` and `pool` outlive the sampler. base: a method's number.
  Sampler(const FinishedRuns& finished, uint32_t base, std::vector<Column> columns,
          worker::ThreadPool* pool);
  // [columns], of this method's runs against the base's. grids: [columns], the runs that each
  // column's difference takes; an empty one has no variances. REQUIRES: method and base have
  // finished them. Error: kFailedPrecondition, names both score files, when runs of a fold are of
  // different logs.
  Result<std::vector<ColumnVariances>> Of(uint32_t method, const std::vector<RunGrid>& grids);

 private:
  // The draws that columns of one data set take.
  struct FoldDraws {
    std::map<uint64_t, RunDraws> own;          // by seed
    std::map<uint64_t, const RunDraws*> base;  // likewise
  };
  Result<FoldDraws> DrawFold(uint32_t method, uint32_t fold, const std::set<uint64_t>& seeds);
  Result<RunDraws> DrawsOf(uint32_t method, uint32_t fold, uint64_t seed);
  Result<const RunDraws*> BaseDrawsOf(uint32_t fold, uint64_t seed);
  // This run's draws are of the test log that the base's run of `base_seed` is of.
  Status CheckLog(const RunDraws& draws, const FinishedRun& run, uint64_t base_seed);

  const FinishedRuns& finished_;
  RunScoresReader reader_;
  const uint32_t base_;
  const std::vector<Column> columns_;
  worker::ThreadPool* const pool_;
  std::map<std::pair<uint32_t, uint64_t>, RunDraws> base_draws_;  // by fold and seed, made once
};

}  // namespace chorus::launch
