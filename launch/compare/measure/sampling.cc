#include "launch/compare/measure/sampling.h"

#include <memory>
#include <span>
#include <utility>

#include "launch/compare/measure/results.h"
#include "worker/statistics/delong.h"

namespace chorus::launch {
namespace {

// Draws of all runs are paired: one seed for all.
constexpr uint64_t kBootstrapSeed = 1;

// The sampling variance of the mean over seeds of method minus base. runs: the method's, then as
// many of the base.
std::optional<double> VarianceOf(const std::vector<const RunDraws*>& runs, const Column& column) {
  if (column.is_truth()) return 0;  // the truth is known
  const size_t seeds = runs.size() / 2;
  std::vector<double> coefficients(runs.size(), 1.0 / static_cast<double>(seeds));
  for (size_t s = seeds; s < runs.size(); ++s) coefficients[s] = -coefficients[s];
  std::vector<std::span<const double>> scores;
  std::vector<const worker::MetricDraws*> draws;
  for (const RunDraws* run : runs) {
    const auto ranked = run->ranked.find(column.id);
    if (ranked != run->ranked.end()) scores.push_back(ranked->second.score);
    const auto drawn = run->draws.find(column.id);
    if (drawn != run->draws.end()) draws.push_back(&drawn->second);
  }
  if (scores.size() == runs.size()) {
    return worker::DeLongVariance(scores, runs[0]->ranked.at(column.id).label, coefficients);
  }
  if (draws.size() < runs.size()) return std::nullopt;
  const std::optional<double> error = worker::ContrastError(draws, coefficients);
  if (!error.has_value()) return std::nullopt;
  return *error * *error;
}

}  // namespace

RunDraws DrawRun(const RunScores& run, bool reference, const std::vector<Column>& columns,
                 uint32_t replicates, worker::ThreadPool* pool) {
  RunDraws out;
  out.log = LogChecksum(run.scores);
  RunRows rows(run, reference);
  const bool enough_groups = rows.groups().ids.size() >= kFewestGroups;
  std::vector<std::string> names;
  std::vector<std::unique_ptr<worker::ResampledMetric>> metrics;
  std::vector<const worker::ResampledMetric*> views;
  for (const Column& column : columns) {
    if (column.is_truth() || !rows.Has(column)) continue;
    if (column.measure == Measure::kAuc && !run.scores.has_weight) {
      const worker::TaskRows& ranked = rows.Of(column.rows);
      out.ranked[column.id] = {ranked.logit, {ranked.label.begin(), ranked.label.end()}};
    } else if (enough_groups) {
      names.push_back(column.id);
      metrics.push_back(MetricOf(column, &rows));
      views.push_back(metrics.back().get());
    }
  }
  if (names.empty()) return out;
  const worker::BootstrapOptions options{kBootstrapSeed, replicates};
  std::vector<worker::MetricDraws> draws =
      worker::DrawReplicates(views, rows.groups().ids, options, pool);
  for (size_t m = 0; m < names.size(); ++m) out.draws[names[m]] = std::move(draws[m]);
  return out;
}

Result<const RunDraws*> Sampler::DrawsOf(const FinishedRun& run, const FinishedRun& like) {
  if (!draws_.contains(&run)) {
    ASSIGN_OR_RETURN(const RunScores scores, reader_.Read(run));
    draws_[&run] = DrawRun(scores, finished_.plan().method(*run.run).reference(), columns_,
                           finished_.config().bootstrap(), pool_);
  }
  RETURN_IF_ERROR(CheckSameLog(run, draws_[&run].log, like, draws_[&like].log));
  return &draws_[&run];
}

Result<ColumnVariances> Sampler::Of(const Column& column, int method, const RunGrid& grid) {
  std::erase_if(draws_, [&](const auto& entry) {
    return entry.first->run->method != base_ && entry.first->run->method != method;
  });
  std::vector<double> variances;
  for (const int fold : grid.folds) {
    const FinishedRun& first = *finished_.At(base_, fold, grid.seeds[0]);
    RETURN_IF_ERROR(DrawsOf(first, first).status());
    std::vector<const RunDraws*> runs;
    for (const int side : {method, base_}) {
      for (const uint64_t seed : grid.seeds) {
        ASSIGN_OR_RETURN(runs.emplace_back(), DrawsOf(*finished_.At(side, fold, seed), first));
      }
    }
    const std::optional<double> variance = VarianceOf(runs, column);
    if (!variance.has_value()) return ColumnVariances();
    variances.push_back(*variance);
  }
  return ColumnVariances(std::move(variances));
}

}  // namespace chorus::launch
