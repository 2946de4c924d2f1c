#include "launch/compare/column_value.h"

#include <cstdint>
#include <numeric>
#include <vector>

#include "common/check.h"
#include "worker/statistics/group_values.h"

namespace chorus::launch {
namespace {

// Of metrics by group: the groups that count, and of GAUC their share of the rows.
void AddGroups(const Column& column, RunRows* run, RunMetric* metric) {
  const auto groups = static_cast<uint32_t>(run->groups().ids.size());
  const worker::MetricRows rows = run->Of(column.rows).view();
  const worker::GroupRanking ranking = worker::RankGroups(rows, groups);
  if (column.measure != Measure::kGroupAuc) {  // recall counts the same groups
    metric->set_groups(worker::NdcgOfGroups(rows, ranking, column.k).groups_counted());
    return;
  }
  const worker::GroupValues auc = worker::AucOfGroups(rows, ranking);
  metric->set_groups(auc.groups_counted());
  metric->set_coverage(auc.total_weight() / static_cast<double>(rows.size()));
}

}  // namespace

std::unique_ptr<worker::ResampledMetric> MetricOf(const Column& column, RunRows* run) {
  const auto groups = static_cast<uint32_t>(run->groups().ids.size());
  const worker::MetricRows rows = run->Of(column.rows).view();
  switch (column.measure) {
    case Measure::kAuc:
      return worker::NewAuc(rows);
    case Measure::kGroupAuc:
      return worker::NewGroupAuc(rows, groups);
    case Measure::kNdcg:
      return worker::NewNdcg(rows, groups, column.k);
    case Measure::kRecall:
      return worker::NewRecall(rows, groups, column.k);
    case Measure::kLogLoss:
      return worker::NewLogLoss(rows, groups);
    case Measure::kNormalizedEntropy:
      return worker::NewNormalizedEntropy(rows, groups);
    case Measure::kKs:
      return worker::NewKs(rows, groups);
    case Measure::kPcoc:
      return worker::NewPcoc(rows, groups);
    case Measure::kCalibrationError:
      return worker::NewCalibrationError(rows, groups);
    case Measure::kFieldError:
      return worker::NewFieldError(rows, run->FieldOf(column.rows));
    case Measure::kShareAboveOne:
      return worker::NewShareAboveOne(rows, groups);
    case Measure::kDivergence:
      return worker::NewDivergence(rows, groups);
  }
  CHECK(false, "measure=", static_cast<int>(column.measure));
  return nullptr;
}

std::optional<RunMetric> ValueOf(const Column& column, RunRows* run) {
  if (!run->Has(column)) return std::nullopt;
  const std::vector<uint8_t> once(run->groups().ids.size(), 1);
  const std::optional<double> value = MetricOf(column, run)->Value(once);
  if (!value.has_value()) return std::nullopt;
  RunMetric metric;
  metric.set_name(column.id);
  metric.set_value(*value);
  if (!column.is_truth()) {
    const std::vector<double>& labels = run->Of(column.rows).label;
    metric.set_positives(static_cast<uint64_t>(std::accumulate(labels.begin(), labels.end(), 0.0)));
  }
  if (column.needs_groups()) AddGroups(column, run, &metric);
  return metric;
}

}  // namespace chorus::launch
