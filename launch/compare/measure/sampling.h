#pragma once
// How much a difference between a method and the base would vary with another test log of the same
// size: the sampling variance of the seeds' mean of method minus base, for each column and data
// set. AUCs of a log without weights are done by DeLong, the others by the paired bootstrap over
// groups (over exposures where the log has no groups). The formulas are in worker/statistics; this
// file chooses the rows that each column takes. Thread safety: one thread.

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

// The contribution of one run's scores to sampling variances, by column.
struct RunDraws {
  struct Ranked {
    std::vector<double> score;   // [n]
    std::vector<uint8_t> label;  // [n]
  };
  std::map<std::string, Ranked> ranked;              // of the AUCs without weights: DeLong
  std::map<std::string, worker::MetricDraws> draws;  // of the others: the bootstrap
  uint64_t log = 0;                                  // LogChecksum of the scores
};

// With fewer groups than this there is no bootstrap: it would call noise certain.
constexpr size_t kFewestGroups = 10;

// The draws for the columns that the run has. reference: see RunRows. replicates: how many the
// bootstrap draws.
RunDraws DrawRun(const RunScores& run, bool reference, const std::vector<Column>& columns,
                 uint32_t replicates, worker::ThreadPool* pool);

// The variances of one column, [folds] of its grid; absent where one of them cannot be computed
// (only one positive, ...).
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
  // The variances of a column, for this method's runs against the base's. Ask for all columns of a
  // method before the next method: draws are kept for the base and the last method. grid: the runs
  // that the column's difference takes, not empty. REQUIRES: method and base have finished the
  // grid. Error: kFailedPrecondition, which names both score files, when runs of a fold are of
  // different logs.
  Result<ColumnVariances> Of(const Column& column, int method, const RunGrid& grid);

 private:
  // Made once per run. Error: the run is of another test log than `like`, a run on the same data
  // set.
  Result<const RunDraws*> DrawsOf(const FinishedRun& run, const FinishedRun& like);

  const FinishedRuns& finished_;
  RunScoresReader reader_;
  const int base_;
  const std::vector<Column> columns_;
  worker::ThreadPool* const pool_;
  std::map<const FinishedRun*, RunDraws> draws_;
};

}  // namespace chorus::launch
