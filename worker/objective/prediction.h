#pragma once
// What a model says about one exposure: pCTR, pCVR and their product, as numbers that keep their
// accuracy where probabilities are small. Thread safety: values.

#include "common/device_math.h"

namespace chorus::worker {

struct Prediction {
  double ctr_logit = 0;  // of pCTR
  double cvr_logit = 0;  // of pCVR, LogitOfLog where that is a ratio; what CVR is ranked by
  double log_cvr = 0;    // log pCVR; > 0 where a ratio (DIVISION) exceeds 1

  static constexpr double kAboveOne = 28;
  double log_ctr() const { return -Softplus(-ctr_logit); }
  double log_ctcvr() const { return log_ctr() + log_cvr; }
};

inline Prediction PredictionOfLogits(double ctr_logit, double cvr_logit) {
  return {ctr_logit, cvr_logit, -Softplus(-cvr_logit)};
}

// The logit of a probability that is given by its logarithm, at most kAboveOne; kAboveOne + log_p
// from 1 on, so that ratios above 1 stay finite, keep their order and come last.
inline double LogitOfLog(double log_p) {
  if (log_p >= 0) return Prediction::kAboveOne + log_p;
  const double logit = log_p - Log1mExp(log_p);
  return logit < Prediction::kAboveOne ? logit : Prediction::kAboveOne;
}

// pCVR given as its logarithm.
inline Prediction PredictionOfRatio(double ctr_logit, double log_cvr) {
  return {ctr_logit, LogitOfLog(log_cvr), log_cvr};
}

}  // namespace chorus::worker
