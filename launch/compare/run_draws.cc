#include "launch/compare/run_draws.h"

#include <memory>
#include <utility>

#include "launch/compare/column_value.h"
#include "launch/compare/run_rows.h"
#include "launch/compare/same_log.h"

namespace chorus::launch {
namespace {

// Everybody's draws are paired: one seed for all.
constexpr uint64_t kBootstrapSeed = 1;

std::map<std::string, worker::MetricDraws> DrawBootstrap(const std::vector<Column>& columns,
                                                         uint32_t replicates,
                                                         worker::ThreadPool* pool, RunRows* rows) {
  if (rows->groups().ids.size() < kFewestGroups) return {};
  std::vector<std::string> names;
  std::vector<std::unique_ptr<worker::ResampledMetric>> metrics;
  std::vector<const worker::ResampledMetric*> views;
  for (const Column& column : columns) {
    if (column.sampling() != Sampling::kBootstrap || !rows->Has(column)) continue;
    names.push_back(column.id);
    metrics.push_back(MetricOf(column, rows));
    views.push_back(metrics.back().get());
  }
  worker::BootstrapOptions options;
  options.seed = kBootstrapSeed;
  options.replicates = replicates;
  std::vector<worker::MetricDraws> draws =
      worker::DrawReplicates(views, rows->groups().ids, options, pool);
  std::map<std::string, worker::MetricDraws> out;
  for (size_t m = 0; m < names.size(); ++m) out[names[m]] = std::move(draws[m]);
  return out;
}

}  // namespace

RunDraws DrawRun(const RunScores& run, bool reference, const std::vector<Column>& columns,
                 uint32_t replicates, worker::ThreadPool* pool) {
  RunDraws out;
  out.log = LogChecksum(run.scores);
  RunRows rows(run, reference);
  for (const Column& column : columns) {
    if (column.sampling() != Sampling::kDeLong || !rows.Has(column)) continue;
    const worker::TaskRows& ranked = rows.Of(column.rows);
    out.ranked[column.id] = {ranked.logit, {ranked.label.begin(), ranked.label.end()}};
  }
  out.draws = DrawBootstrap(columns, replicates, pool, &rows);
  return out;
}

}  // namespace chorus::launch
