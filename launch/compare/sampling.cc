#include "launch/compare/sampling.h"

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

std::optional<double> DeLongVariance(const Runs& runs, const std::string& column) {
  std::vector<std::span<const double>> scores;
  for (const RunDraws* run : runs) {
    const auto found = run->ranked.find(column);
    if (found == run->ranked.end()) return std::nullopt;
    scores.push_back(found->second.score);
  }
  const auto contrast =
      worker::DeLong(scores, runs[0]->ranked.at(column).label, Coefficients(runs.size() / 2));
  if (!contrast.has_value()) return std::nullopt;
  return contrast->variance;
}

std::optional<double> BootstrapVariance(const Runs& runs, const std::string& column) {
  std::vector<const worker::MetricDraws*> draws;
  for (const RunDraws* run : runs) {
    const auto found = run->draws.find(column);
    if (found == run->draws.end()) return std::nullopt;
    draws.push_back(&found->second);
  }
  const auto contrast = worker::ContrastDraws(draws, Coefficients(runs.size() / 2));
  if (!contrast.has_value()) return std::nullopt;
  return contrast->standard_error * contrast->standard_error;
}

Variances VariancesOf(const Runs& runs, const std::vector<Column>& columns) {
  Variances out;
  for (const Column& column : columns) {
    std::optional<double> variance;
    switch (column.sampling()) {
      case Sampling::kDeLong:
        variance = DeLongVariance(runs, column.id);
        break;
      case Sampling::kBootstrap:
        variance = BootstrapVariance(runs, column.id);
        break;
      case Sampling::kNone:
        variance = 0;  // the truth is known
        break;
    }
    if (variance.has_value()) out[column.id] = *variance;
  }
  return out;
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

Result<std::vector<Variances>> Sampler::Of(uint32_t method, const RunGrid& grid) {
  std::vector<Variances> out;
  for (const uint32_t fold : grid.folds) {
    std::vector<RunDraws> own;
    for (const uint64_t seed : grid.seeds) {
      ASSIGN_OR_RETURN(RunDraws draws, DrawsOf(method, fold, seed));
      RETURN_IF_ERROR(CheckLog(draws, *finished_.At(method, fold, seed), grid.seeds[0]));
      own.push_back(std::move(draws));
    }
    Runs runs;
    for (const RunDraws& draws : own) runs.push_back(&draws);
    for (const uint64_t seed : grid.seeds) {
      ASSIGN_OR_RETURN(const RunDraws* const draws, BaseDrawsOf(fold, seed));
      RETURN_IF_ERROR(CheckLog(*draws, *finished_.At(base_, fold, seed), grid.seeds[0]));
      runs.push_back(draws);
    }
    out.push_back(VariancesOf(runs, columns_));
  }
  return out;
}

}  // namespace chorus::launch
