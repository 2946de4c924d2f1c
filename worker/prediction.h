#pragma once
// What a model says about one exposure: pCTR, pCVR and their product, as numbers that keep their
// accuracy where probabilities are small. Thread safety: values.

#include "common/device_math.h"

namespace chorus::worker {

struct Prediction {
  double ctr_logit = 0;  // of pCTR
  double cvr_logit =
      0;  // of pCVR; what CVR is ranked by. A pCVR > 1 (a ratio, DIVISION) is kAboveOne + log pCVR
  double log_cvr = 0;  // log pCVR; > 0 where a ratio exceeds 1

  static constexpr double kAboveOne = 28;
  double log_ctr() const { return -Softplus(-ctr_logit); }
  double log_ctcvr() const { return log_ctr() + log_cvr; }
};

inline Prediction PredictionOfLogits(double ctr_logit, double cvr_logit) {
  return {ctr_logit, cvr_logit, -Softplus(-cvr_logit)};
}

// pCVR given as its logarithm.
inline Prediction PredictionOfRatio(double ctr_logit, double log_cvr) {
  if (log_cvr >= 0) return {ctr_logit, Prediction::kAboveOne + log_cvr, log_cvr};
  const double logit = log_cvr - Log1mExp(log_cvr);
  return {ctr_logit, logit < Prediction::kAboveOne ? logit : Prediction::kAboveOne, log_cvr};
}

}  // namespace chorus::worker
