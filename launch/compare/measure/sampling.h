#pragma once
// How much a difference between a method and the base would vary with another test log of the same
// size: the sampling variance of the seeds' mean of method minus base, for each column and data
// set. AUCs by DeLong, but of a log with weights, and the others by the paired bootstrap over
// groups (over exposures where the log has none). The numbers are those of worker/statistics; this
// says which rows each column takes. Thread safety: one thread.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "launch/compare/measure/run_rows.h"
#include "worker/math/thread_pool.h"
#include "worker/statistics/bootstrap.h"

namespace chorus::launch {

// What one run's scores contribute to sampling variances, by column.
struct RunDraws {
  struct Ranked {
    std::vector<double> score;   // [n]
    std::vector<uint8_t> label;  // [n]
  };
  std::map<std::string, Ranked> ranked;              // of the AUCs without weights: DeLong
  std::map<std::string, worker::MetricDraws> draws;  // of the others: the bootstrap
  uint64_t log = 0;                                  // LogChecksum of the scores
};

// A bootstrap over fewer groups would call noise certain: it is not drawn.
constexpr size_t kFewestGroups = 10;

// Of the columns that the run has. reference: see RunRows. replicates: of the bootstrap.
RunDraws DrawRun(const RunScores& run, bool reference, const std::vector<Column>& columns,
                 uint32_t replicates, worker::ThreadPool* pool);

// Of one column, [folds] of its grid; absent where one cannot be told (one positive only, ...).
using ColumnVariances = std::optional<std::vector<double>>;

class Sampler {
 public:
  // `finished` and `pool` outlive the sampler. base: a method's number.
  Sampler(const FinishedRuns& finished, int base, std::vector<Column> columns,
          worker::ThreadPool* pool)
      : finished_(finished),
        reader_(finished),
        base_(base),
        columns_(std::move(columns)),
        pool_(pool) {}
  // Of a column, for this method's runs against the base's. Ask for all columns of a method before
  // the next one: draws are kept for the base and the last method. grid: what the column's
  // difference takes, not empty. REQUIRES: method and base have finished it. Error:
  // kFailedPrecondition, names both score files, when runs of a fold are of different logs.
  Result<ColumnVariances> Of(const Column& column, int method, const RunGrid& grid);

 private:
  // Made once. Error: it is of another test log than `like`, a run on the same data set.
  Result<const RunDraws*> DrawsOf(const FinishedRun& run, const FinishedRun& like);

  const FinishedRuns& finished_;
  RunScoresReader reader_;
  const int base_;
  const std::vector<Column> columns_;
  worker::ThreadPool* const pool_;
  std::map<const FinishedRun*, RunDraws> draws_;
};

}  // namespace chorus::launch
