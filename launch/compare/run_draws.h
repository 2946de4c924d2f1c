#pragma once
// What a run's scores contribute to sampling variances: the score vectors of the AUC columns, and
// the bootstrap's draws of the others. Thread safety: values.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "launch/compare/columns.h"
#include "launch/compare/run_scores.h"
#include "worker/math/thread_pool.h"
#include "worker/statistics/bootstrap.h"

namespace chorus::launch {

// Of one task: [n].
struct RankedRows {
  std::vector<double> score;
  std::vector<uint8_t> label;
};

struct RunDraws {
  std::map<std::string, RankedRows> ranked;          // of the columns with Sampling::kDeLong
  std::map<std::string, worker::MetricDraws> draws;  // of those with kBootstrap
  uint64_t log = 0;                                  // LogChecksum of the scores
};

// A bootstrap over fewer groups would call noise certain: it is not drawn.
constexpr size_t kFewestGroups = 10;

// Of the columns that the run has. reference: see RunRows. replicates: of the bootstrap.
RunDraws DrawRun(const RunScores& run, bool reference, const std::vector<Column>& columns,
                 uint32_t replicates, worker::ThreadPool* pool);

}  // namespace chorus::launch
