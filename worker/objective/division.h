#pragma once
// DIVISION (Ma et al., SIGIR 2018, sections 2.3 and 3.1): pCVR = pCTCVR / pCTR of two nets that
// share nothing.
//   L = w_ctr 1/|D| sum_D CE(a, o)  +  w_ctcvr 1/|D| sum_D CE(t, o r)
// Both are trained in one stage. No parameter is in both losses, so that the result is the same as
// training one net after the other. pCVR = exp(sp(-a) - sp(-t)) may exceed 1; `cap` cuts it at 1,
// which makes ties.

#include "worker/objective/prediction.h"
#include "worker/objective/row_terms.h"

namespace chorus::worker {

struct Division {
  enum Head { kCtr, kCtcvr, kHeads };
  enum Term { kCtrTerm, kCtcvrTerm, kTerms };

  bool cap = false;

  template <typename T>
  CHORUS_HD void Row(RowTerms<T>& row) const {
    row.AddCrossEntropy(kCtrTerm, kCtr, row.click);
    row.AddCrossEntropy(kCtcvrTerm, kCtcvr, row.converted);
  }

  Prediction Predict(const float* logits) const {
    const auto a = static_cast<double>(logits[kCtr]);
    const double log_cvr = Softplus(-a) - Softplus(-static_cast<double>(logits[kCtcvr]));
    return PredictionOfRatio(a, cap ? Min(log_cvr, 0.0) : log_cvr);
  }
};

}  // namespace chorus::worker
