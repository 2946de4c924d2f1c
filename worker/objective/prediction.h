#pragma once
// A model's prediction for one exposure: pCTR, pCVR and their product, in a form that keeps its
// accuracy where probabilities are small. Thread safety: values.

#include "common/device_math.h"

namespace chorus::worker {

struct Prediction {
  double ctr_logit = 0;  // of pCTR
  double cvr_logit = 0;  // of pCVR, by LogitOfLog where pCVR is a ratio; ranks exposures by CVR
  double log_cvr = 0;    // log pCVR; > 0 where a ratio (DIVISION) exceeds 1

  // The logit of a ratio of 1 (LogitOfLog); sigma(28) is 1 - 7e-13.
  static constexpr double kAboveOne = 28;
  double log_ctr() const { return -Softplus(-ctr_logit); }
  double log_ctcvr() const { return log_ctr() + log_cvr; }
};

inline Prediction PredictionOfLogits(double ctr_logit, double cvr_logit) {
  return {ctr_logit, cvr_logit, -Softplus(-cvr_logit)};
}

// The logit, at most kAboveOne, of a probability that is given by its logarithm. A ratio of 1 or
// more gets kAboveOne + log_p, so that such ratios have finite logits, keep their order and rank
// above all probabilities.
inline double LogitOfLog(double log_p) {
  if (log_p >= 0) return Prediction::kAboveOne + log_p;
  const double logit = log_p - Log1mExp(log_p);
  return logit < Prediction::kAboveOne ? logit : Prediction::kAboveOne;
}

// A prediction whose pCVR is given by its logarithm.
inline Prediction PredictionOfRatio(double ctr_logit, double log_cvr) {
  return {ctr_logit, LogitOfLog(log_cvr), log_cvr};
}

}  // namespace chorus::worker
