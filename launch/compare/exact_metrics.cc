#include "launch/compare/exact_metrics.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "launch/compare/run_metric.h"
#include "worker/metrics/task_rows.h"
#include "worker/statistics/auc.h"
#include "worker/statistics/resampled_metric.h"

namespace chorus::launch {
namespace {

class Metrics {
 public:
  void Put(const std::string& name, const std::optional<double>& value, uint64_t positives) {
    if (value.has_value()) metrics_.push_back(MakeRunMetric(name, *value, positives));
  }
  std::vector<RunMetric> Take() { return std::move(metrics_); }

 private:
  std::vector<RunMetric> metrics_;
};

uint64_t PositivesOf(const worker::TaskRows& rows) {
  uint64_t positives = 0;
  for (const double label : rows.label) positives += label > 0 ? 1 : 0;
  return positives;
}

void PutAuc(const std::string& task, const worker::TaskRows& rows, Metrics* out) {
  out->Put(task + "_auc", worker::Auc(rows.logit, rows.label), PositivesOf(rows));
}

// The metric of all rows, each drawn once.
std::optional<double> ValueOf(const worker::ResampledMetric& metric) {
  const uint8_t once[] = {1};
  return metric.Value(once);
}

void PutCvr(const worker::TaskRows& rows, Metrics* out) {
  PutAuc("cvr", rows, out);
  if (rows.label.empty()) return;
  const uint64_t positives = PositivesOf(rows);
  out->Put("cvr_ks", ValueOf(*worker::NewKs(rows.view(), 1)), positives);
  out->Put("cvr_ece", ValueOf(*worker::NewCalibrationError(rows.view(), 1)), positives);
}

// Of the exposures with click in [low, high] by pCVR, the truth as fractional labels.
std::optional<double> OracleAuc(const worker::Scores& scores, int low, int high) {
  std::vector<double> logit, truth;
  for (uint64_t i = 0; i < scores.rows(); ++i) {
    if (scores.click[i] < low || scores.click[i] > high) continue;
    logit.push_back(scores.cvr_logit[i]);
    truth.push_back(static_cast<double>(scores.p_conv_do[i]));
  }
  return worker::Auc(logit, truth);
}

}  // namespace

std::vector<RunMetric> ExactMetrics(const worker::Scores& scores) {
  Metrics out;
  PutAuc("ctr", worker::RowsOfTask(scores, worker::Task::kCtr, {}), &out);
  PutAuc("ctcvr", worker::RowsOfTask(scores, worker::Task::kCtcvr, {}), &out);
  PutCvr(worker::RowsOfTask(scores, worker::Task::kCvr, {}), &out);
  if (!scores.has_oracle) return out.Take();
  out.Put("oracle_auc_D", OracleAuc(scores, 0, 1), 0);
  out.Put("oracle_auc_O", OracleAuc(scores, 1, 1), 0);
  out.Put("oracle_auc_N", OracleAuc(scores, 0, 0), 0);
  return out.Take();
}

}  // namespace chorus::launch
