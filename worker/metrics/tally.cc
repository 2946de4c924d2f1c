#include "worker/metrics/tally.h"

#include <algorithm>
#include <cmath>

#include "common/device_math.h"
#include "worker/metrics/calibration_bins.h"
#include "worker/statistics/entropy.h"

namespace chorus::worker {
namespace {

double Cut(double x, double limit) { return std::min(std::max(x, -limit), limit); }

double CutLogCvr(double log_cvr) {
  return std::min(Cut(log_cvr, kMaxLogit), Log(ScoreHistogram::kMaxPrediction));
}

// In logarithms, since the product of two small probabilities would lose its logit's accuracy.
double LogCtcvr(const Prediction& p) {
  return -Softplus(-Cut(p.ctr_logit, kMaxLogit)) + CutLogCvr(p.log_cvr);
}

// KL(Bernoulli(p) || Bernoulli(sigma(b))) = p log p + (1-p) log(1-p) + sp(b) - p b: finite for
// every logit, also for that of a ratio above 1.
double KlDivergence(double p, const Scored& b) {
  return std::max(0.0, -Entropy(p) + b.softplus - p * b.logit);
}

double LogitOfProbability(double p) {
  if (p <= 0) return -kMaxLogit;
  if (p >= 1) return kMaxLogit;
  return Log(p) - Log1p(-p);
}

void SetAuc(const ScoreHistogram& histogram, auto* out) {
  const auto auc = histogram.Auc();
  if (!auc.has_value()) return;
  out->set_auc(auc->auc);
  out->set_auc_error_bound(auc->error_bound);
}

void SetLosses(const Tally& tally, TaskMetrics* out) {
  const double rows = FromFixed(tally.histogram.weight());
  const double labels = FromFixed(tally.histogram.labels());
  if (!(rows > 0)) return;
  out->set_log_loss(FromFixed(tally.loss) / rows);
  if (labels > 0 && labels < rows) {
    out->set_normalized_entropy(out->log_loss() / Entropy(labels / rows));
  }
}

void SetCalibration(const ScoreHistogram& histogram, TaskMetrics* out) {
  for (const ScoreGroup& group : histogram.Groups(kCalibrationBins)) {
    const double weight = std::max(FromFixed(group.weight), 0x1p-40);
    CalibrationBin* bin = out->add_calibration();
    bin->set_rows(group.rows);
    bin->set_mean_prediction(FromFixed(group.predictions) / weight);
    bin->set_labels(FromFixed(group.labels) * (static_cast<double>(group.rows) / weight));
  }
  if (const auto ece = histogram.Ece(kCalibrationBins)) {
    out->set_ece(ece->ece);
    out->set_ece_error_bound(ece->error_bound);
  }
}

}  // namespace

Scored::Scored(double z) : logit(Cut(z, kMaxLogit)) {
  const double log1p = Log1p(Exp(-std::abs(logit)));
  softplus = logit >= 0 ? logit + log1p : log1p;
  softplus_of_minus = logit >= 0 ? log1p : log1p - logit;
}

double PcvrOf(const Prediction& prediction) { return Exp(CutLogCvr(prediction.log_cvr)); }

double CtcvrLogit(const Prediction& prediction) { return LogitOfLog(LogCtcvr(prediction)); }

double PctcvrOf(const Prediction& prediction) { return Exp(LogCtcvr(prediction)); }

void Tally::Add(double score, bool label, double prediction, double loss_of_row, uint64_t weight) {
  histogram.Add(score, label ? kFixedOne : 0, ToFixed(prediction), weight);
  loss += Weighted(ToFixed(loss_of_row), weight);
  positives += label ? 1 : 0;
}

void Tally::Merge(const Tally& other) {
  histogram.Merge(other.histogram);
  loss += other.loss;
  positives += other.positives;
}

void OracleTally::Add(const Prediction& prediction, const OracleRow& row) {
  const Scored b(prediction.cvr_logit);
  const double truth = std::min(std::max(static_cast<double>(row.p_conv_do), 0.0), 1.0);
  score.histogram.Add(b.logit, ToFixed(truth), ToFixed(PcvrOf(prediction)));
  score.loss += ToFixed(KlDivergence(truth, b));
  ceiling.histogram.Add(LogitOfProbability(static_cast<double>(row.p_v)), ToFixed(truth), 0);
}

void OracleTally::Merge(const OracleTally& other) {
  score.Merge(other.score);
  ceiling.Merge(other.ceiling);
}

TaskMetrics ReportTask(const char* name, const Tally& tally, bool weighted) {
  TaskMetrics out;
  const Uint128 labels = tally.histogram.labels();
  out.set_task(name);
  out.set_rows(tally.histogram.rows());
  out.set_positives(tally.positives);
  if (weighted) {
    out.set_weight(FromFixed(tally.histogram.weight()));
    out.set_positive_weight(FromFixed(labels));
  }
  SetAuc(tally.histogram, &out);
  SetLosses(tally, &out);
  if (labels > 0) out.set_pcoc(FromFixed(tally.histogram.predictions()) / FromFixed(labels));
  SetCalibration(tally.histogram, &out);
  if (const auto ks = tally.histogram.Ks()) {
    out.set_ks(ks->ks);
    out.set_ks_error_bound(ks->error_bound);
  }
  return out;
}

OracleMetrics ReportOracle(const char* space, const OracleTally& tally) {
  OracleMetrics out;
  const ScoreHistogram& histogram = tally.score.histogram;
  const Uint128 truth = histogram.labels();
  const uint64_t rows = histogram.rows();
  out.set_space(space);
  out.set_rows(rows);
  SetAuc(histogram, &out);
  if (const auto auc = tally.ceiling.histogram.Auc()) out.set_auc_ceiling(auc->auc);
  if (truth > 0) out.set_pcoc(FromFixed(histogram.predictions()) / FromFixed(truth));
  if (rows > 0) out.set_kl(FromFixed(tally.score.loss) / static_cast<double>(rows));
  return out;
}

}  // namespace chorus::worker
