#include "launch/compare/sampling.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "launch/compare/same_log.h"
#include "worker/statistics/bootstrap.h"
#include "worker/statistics/delong.h"

namespace chorus::launch {
namespace {

using Runs = std::vector<const RunDraws*>;

// Runs of the method, then as many of the base: their contrast is the mean of method minus base.
std::vector<double> Coefficients(size_t seeds) {
  std::vector<double> coefficients(2 * seeds, 1.0 / static_cast<double>(seeds));
  for (size_t s = seeds; s < 2 * seeds; ++s) coefficients[s] = -coefficients[s];
  return coefficients;
}

std::optional<double> VarianceOfAucs(const Runs& runs, const std::string& column) {
  std::vector<std::span<const double>> scores;
  for (const RunDraws* run : runs) {
    const auto found = run->ranked.find(column);
    if (found == run->ranked.end()) return std::nullopt;
    scores.push_back(found->second.score);
  }
  return worker::DeLongVariance(scores, runs[0]->ranked.at(column).label,
                                Coefficients(runs.size() / 2));
}

std::optional<double> VarianceOfDraws(const Runs& runs, const std::string& column) {
  std::vector<const worker::MetricDraws*> draws;
  for (const RunDraws* run : runs) {
    const auto found = run->draws.find(column);
    if (found == run->draws.end()) return std::nullopt;
    draws.push_back(&found->second);
  }
  const auto error = worker::ContrastError(draws, Coefficients(runs.size() / 2));
  if (!error.has_value()) return std::nullopt;
  return *error * *error;
}

std::optional<double> VarianceOf(const Runs& runs, const Column& column) {
  switch (column.sampling()) {
    case Sampling::kDeLong:
      return VarianceOfAucs(runs, column.id);
    case Sampling::kBootstrap:
      return VarianceOfDraws(runs, column.id);
    case Sampling::kNone:
      return 0;  // the truth is known
  }
  return std::nullopt;
}

}  // namespace

Sampler::Sampler(const FinishedRuns& finished, uint32_t base, std::vector<Column> columns,
                 worker::ThreadPool* pool)
    : finished_(finished),
      reader_(finished),
      base_(base),
      columns_(std::move(columns)),
      pool_(pool) {}

Result<RunDraws> Sampler::DrawsOf(uint32_t method, uint32_t fold, uint64_t seed) {
  const FinishedRun& run = *finished_.At(method, fold, seed);
  ASSIGN_OR_RETURN(const RunScores scores, reader_.Read(run));
  const ComparePlan& plan = finished_.plan();
  return DrawRun(scores, plan.method(*run.run).reference(), columns_, plan.config.bootstrap(),
                 pool_);
}

Result<const RunDraws*> Sampler::BaseDrawsOf(uint32_t fold, uint64_t seed) {
  const std::pair<uint32_t, uint64_t> place(fold, seed);
  if (!base_draws_.contains(place)) {
    ASSIGN_OR_RETURN(RunDraws draws, DrawsOf(base_, fold, seed));
    base_draws_[place] = std::move(draws);
  }
  return &base_draws_[place];
}

Status Sampler::CheckLog(const RunDraws& draws, const FinishedRun& run, uint64_t base_seed) {
  ASSIGN_OR_RETURN(const RunDraws* const base, BaseDrawsOf(run.run->fold, base_seed));
  if (draws.log == base->log) return Status::Ok();
  return OtherLogs().Annotate(BothPaths(run, *finished_.At(base_, run.run->fold, base_seed)));
}

Result<Sampler::FoldDraws> Sampler::DrawFold(uint32_t method, uint32_t fold,
                                             const std::set<uint64_t>& seeds) {
  FoldDraws out;
  const uint64_t first = *seeds.begin();
  for (const uint64_t seed : seeds) {
    ASSIGN_OR_RETURN(RunDraws draws, DrawsOf(method, fold, seed));
    RETURN_IF_ERROR(CheckLog(draws, *finished_.At(method, fold, seed), first));
    out.own.emplace(seed, std::move(draws));
  }
  for (const uint64_t seed : seeds) {
    ASSIGN_OR_RETURN(out.base[seed], BaseDrawsOf(fold, seed));
    RETURN_IF_ERROR(CheckLog(*out.base[seed], *finished_.At(base_, fold, seed), first));
  }
  return out;
}

Result<std::vector<ColumnVariances>> Sampler::Of(uint32_t method,
                                                 const std::vector<RunGrid>& grids) {
  std::vector<ColumnVariances> out(grids.size());
  std::map<uint32_t, std::set<uint64_t>> seeds_of_fold;  // that some column takes
  for (size_t c = 0; c < grids.size(); ++c) {
    if (grids[c].empty()) continue;
    out[c].emplace();
    for (const uint32_t fold : grids[c].folds) {
      seeds_of_fold[fold].insert(grids[c].seeds.begin(), grids[c].seeds.end());
    }
  }
  for (const auto& [fold, seeds] : seeds_of_fold) {
    ASSIGN_OR_RETURN(const FoldDraws draws, DrawFold(method, fold, seeds));
    for (size_t c = 0; c < grids.size(); ++c) {
      const std::vector<uint32_t>& folds = grids[c].folds;
      if (!out[c].has_value() || std::find(folds.begin(), folds.end(), fold) == folds.end()) {
        continue;
      }
      Runs runs;
      for (const uint64_t seed : grids[c].seeds) runs.push_back(&draws.own.at(seed));
      for (const uint64_t seed : grids[c].seeds) runs.push_back(draws.base.at(seed));
      const std::optional<double> variance = VarianceOf(runs, columns_[c]);
      if (variance.has_value()) {
        out[c]->push_back(*variance);
      } else {
        out[c].reset();
      }
    }
  }
  return out;
}

}  // namespace chorus::launch
