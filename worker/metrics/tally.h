#pragma once
// The sums of one task, or of one comparison with the truth: a histogram and a sum of losses, in
// integers, of weighted rows. Adding rows and merging in any order gives the same contents. Thread
// safety: none.

#include "common/report.pb.h"
#include "worker/log/oracle_row.h"
#include "worker/metrics/score_histogram.h"
#include "worker/objective/prediction.h"

namespace chorus::worker {

struct Tally {
  ScoreHistogram histogram;
  Uint128 loss = 0;        // ToFixed of losses below 2^11, times weights
  uint64_t positives = 0;  // rows; of comparisons with the truth 0

  // weight: of WeightToFixed.
  void Add(double score, bool label, double prediction, double loss_of_row, uint64_t weight);
  void Merge(const Tally& other);
};

constexpr double kMaxLogit = 700;  // e^-700 is still a normal double

// A logit, cut to +-kMaxLogit, and the losses of both labels.
struct Scored {
  explicit Scored(double z);
  double CrossEntropy(bool label) const { return label ? softplus_of_minus : softplus; }
  double logit;
  double softplus;           // -log(1 - p)
  double softplus_of_minus;  // -log p
};

// pCVR, at most ScoreHistogram::kMaxPrediction; log_cvr is cut to [-kMaxLogit, log of that].
double PcvrOf(const Prediction& prediction);
// The logit of pCTR pCVR (log p1 p2), from logits and logarithms cut to +-kMaxLogit.
double CtcvrLogit(const Prediction& prediction);
// pCTR pCVR.
double PctcvrOf(const Prediction& prediction);

// Rows of a generated log, with the label P(conversion | do(click)). `score` ranks by the CVR
// logit, and its loss is KL(truth || prediction); `ceiling` ranks by p_v, the best score that the
// features allow.
struct OracleTally {
  Tally score;
  Tally ceiling;

  void Add(const Prediction& prediction, const OracleRow& truth);
  void Merge(const OracleTally& other);
};

// weighted: the log has weights, whose sums are told too.
TaskMetrics ReportTask(const char* name, const Tally& tally, bool weighted);
OracleMetrics ReportOracle(const char* space, const OracleTally& tally);

}  // namespace chorus::worker
