#include "launch/compare/common_ctr.h"

#include <optional>
#include <span>
#include <utility>

#include "common/device_math.h"
#include "launch/compare/columns.h"
#include "launch/compare/run_metric.h"
#include "launch/compare/same_log.h"
#include "worker/metrics/task_rows.h"
#include "worker/statistics/auc.h"
#include "worker/statistics/order.h"

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

// mean pCVR / mean P(conversion | do(click)) of the tenth with the lowest pCTR.
std::optional<RunMetric> LowPcoc(const worker::Scores& scores) {
  if (!scores.has_oracle) return std::nullopt;
  const std::vector<uint8_t> is_low = LowestTenth(scores.ctr_logit);
  double predicted = 0, truth = 0;
  for (size_t i = 0; i < is_low.size(); ++i) {
    if (is_low[i] == 0) continue;
    predicted += Exp(scores.log_cvr[i]);
    truth += static_cast<double>(scores.p_conv_do[i]);
  }
  if (truth <= 0) return std::nullopt;
  return MakeRunMetric(kCommonLowPcoc, predicted / truth, 0);
}

}  // namespace

std::vector<uint8_t> LowestTenth(const std::vector<double>& logits) {
  std::vector<uint8_t> is_low(logits.size(), 0);
  const std::vector<uint32_t> order = worker::AscendingOrder(logits);
  for (size_t i = 0; i < logits.size() / 10; ++i) is_low[order[i]] = 1;
  return is_low;
}

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
