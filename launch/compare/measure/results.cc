#include "launch/compare/measure/results.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "common/check.h"
#include "common/json.h"
#include "common/strings.h"
#include "worker/statistics/group_values.h"

namespace chorus::launch {
namespace {

// For metrics by group: the groups that count, and for GAUC their share of the rows.
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
  metric->set_coverage(auc.total_weight() / run->WeightOf(column.rows));
}

Result<RunResult> ResultOf(const FinishedRuns& finished, const FinishedRun& run,
                           const std::vector<Column>& columns, RunScoresReader* reader) {
  const CompareMethod& method = finished.plan().method(*run.run);
  RunResult result;
  result.set_comparison(finished.config().name());
  result.set_method(method.name());
  result.set_reference(method.reference());
  result.set_seed(run.run->seed);
  result.set_fold(finished.config().data(run.run->fold).name());
  result.set_steps(run.record.steps());
  const int setting = finished.plan().SettingOf(run.run->method);
  if (setting >= 0) result.set_setting(finished.config().sweep(setting).name());
  *result.mutable_evaluation() = run.record.evaluation();
  ASSIGN_OR_RETURN(const RunScores scores, reader->Read(run));
  RunRows rows(scores, method.reference());
  for (const Column& column : columns) {
    std::optional<RunMetric> metric = ValueOf(column, &rows);
    if (metric.has_value()) *result.add_metric() = *std::move(metric);
  }
  return result;
}

}  // namespace

std::unique_ptr<worker::ResampledMetric> MetricOf(const Column& column, RunRows* run) {
  const auto groups = static_cast<uint32_t>(run->groups().ids.size());
  const worker::MetricRows rows = run->Of(column.rows).view();
  switch (column.measure) {
    case Measure::kAuc:
      return worker::NewAuc(rows);
    case Measure::kNdcg:
      return worker::NewNdcg(rows, groups, column.k);
    case Measure::kRecall:
      return worker::NewRecall(rows, groups, column.k);
    case Measure::kFieldError:
      return worker::NewFieldError(rows, run->FieldOf(column.rows));
    case Measure::kGroupAuc:
      return worker::NewGroupAuc(rows, groups);
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
    case Measure::kShareAboveOne:
      return worker::NewShareAboveOne(rows, groups);
    case Measure::kDivergence:
      return worker::NewDivergence(rows, groups);
  }
  CHECK(false, "no measure: ", column.measure);
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

Result<std::vector<RunResult>> ResultsOf(const FinishedRuns& finished) {
  const std::vector<Column> columns = ColumnsOf(finished.config());
  RunScoresReader reader(finished);
  std::vector<RunResult> results;
  for (const FinishedRun& run : finished.runs()) {
    ASSIGN_OR_RETURN(results.emplace_back(), ResultOf(finished, run, columns, &reader));
  }
  return results;
}

Result<std::string> ResultLines(const std::vector<RunResult>& results) {
  std::string lines;
  for (const RunResult& result : results) {
    ASSIGN_OR_RETURN(const std::string line, ToJson(result));
    lines += line + "\n";
  }
  return lines;
}

bool AreResultLines(std::string_view text) {
  for (const std::string& line : Split(text, '\n')) {
    RunResult result;
    if (line.empty()) continue;
    if (!FromJson(line, &result).ok()) return false;
    if (result.comparison().empty() || result.method().empty()) return false;
  }
  return true;
}

const RunMetric* FindMetric(const RunResult& result, const std::string& column) {
  const auto found = std::find_if(result.metric().begin(), result.metric().end(),
                                  [&](const RunMetric& metric) { return metric.name() == column; });
  return found == result.metric().end() ? nullptr : &*found;
}

}  // namespace chorus::launch
