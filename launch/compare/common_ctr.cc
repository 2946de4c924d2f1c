#include "launch/compare/common_ctr.h"

#include <optional>
#include <utility>

#include "launch/compare/columns.h"
#include "launch/compare/run_metric.h"
#include "launch/compare/same_log.h"
#include "worker/metrics/row_metrics.h"
#include "worker/metrics/task_rows.h"
#include "worker/statistics/auc.h"

namespace chorus::launch {
namespace {

// Of all exposures by pCTCVR.
std::optional<RunMetric> CtcvrAuc(const worker::Scores& scores) {
  const worker::TaskRows rows = worker::RowsOfTask(scores, worker::Task::kCtcvr, {});
  double positives = 0;
  for (const double label : rows.label) positives += label;
  const std::optional<double> auc = worker::Auc(rows.logit, rows.label);
  if (!auc.has_value()) return std::nullopt;
  return MakeRunMetric(kCommonCtcvrAuc, *auc, static_cast<uint64_t>(positives));
}

std::optional<RunMetric> LowPcoc(const worker::Scores& scores) {
  if (!scores.has_oracle) return std::nullopt;
  const OracleMetrics lowest = worker::LowestTenth(scores, scores.ctr_logit);
  if (!lowest.has_pcoc()) return std::nullopt;
  return MakeRunMetric(kCommonLowPcoc, lowest.pcoc(), 0);
}

}  // namespace

const FinishedRun* CommonCtrRun(const FinishedRuns& finished, const FinishedRun& run) {
  const ComparePlan& plan = finished.plan();
  if (!plan.config.common_ctr().empty()) {
    const int method = plan.FindMethod(plan.config.common_ctr());
    return finished.At(static_cast<uint32_t>(method), run.run->fold, run.run->seed);
  }
  return plan.method(*run.run).reference() ? nullptr : &run;
}

Result<std::vector<RunMetric>> CommonCtrMetrics(const FinishedRuns& finished,
                                                const FinishedRun& run) {
  std::vector<RunMetric> metrics;
  const FinishedRun* const common = CommonCtrRun(finished, run);
  if (common == nullptr) return metrics;
  ASSIGN_OR_RETURN(worker::Scores scores, finished.ScoresOf(run));
  if (common != &run) {
    ASSIGN_OR_RETURN(const worker::Scores common_scores, finished.ScoresOf(*common));
    Result<worker::Scores> joined = WithCommonCtr(std::move(scores), common_scores);
    if (!joined.ok()) return joined.status().Annotate(BothPaths(run, *common));
    scores = *std::move(joined);
  }
  if (!finished.plan().config.common_ctr().empty()) {
    if (auto auc = CtcvrAuc(scores)) metrics.push_back(*std::move(auc));
  }
  if (auto pcoc = LowPcoc(scores)) metrics.push_back(*std::move(pcoc));
  return metrics;
}

}  // namespace chorus::launch
