#pragma once
// AMAN (Ma et al., SIGIR 2018, section 3.1; Pan et al., ICDM 2008): CVR on all clicked rows and on
// a sample of the un-clicked ones, as negatives: S = O and {i in N: m_i = 1}. m_i ~ Bernoulli(rho)
// is a function of (seed, row), so that the sample is the same in every epoch.
//   L = w_cvr 1/|S| sum_S CE(b, o r)  +  w_ctr 1/|D| sum_D CE(a, o)
// The second part is a CTR net that shares nothing with the first, as in BASE. sigma(b) tends to
// pCTR pCVR / (pCTR + rho (1 - pCTR)), which is too low; `correct` solves this for pCVR.

#include <optional>

#include "common/random.h"
#include "worker/objective/base_rate.h"
#include "worker/objective/prediction.h"
#include "worker/objective/row_terms.h"

namespace chorus::worker {

struct Aman {
  enum Head { kCtr, kCvr, kHeads };
  enum Term { kCtrTerm, kCvrTerm, kTerms };

  uint64_t seed = 1;
  double rho = 0.1;
  bool correct = false;

  double Copies(bool click, bool /*converted*/, uint64_t row_id) const {
    return click || ToUniform(Random(seed, RandomPurpose::kSampling, row_id)) < rho ? 1.0 : 0.0;
  }

  template <typename T>
  CHORUS_HD void Row(RowTerms<T>& row) const {
    row.AddCrossEntropy(kCtrTerm, kCtr, row.click);
    if (row.copies > T(0)) row.AddCrossEntropy(kCvrTerm, kCvr, row.converted);
  }

  // From the base rate of the sample: conversions among clicked rows and a share rho of the others.
  std::optional<double> Start(int head, const LabelCounts& labels) const {
    if (head != kCvr) return std::nullopt;
    const auto clicks = static_cast<double>(labels.clicks);
    const double sample = clicks + rho * (static_cast<double>(labels.exposures) - clicks);
    return LogOdds(static_cast<double>(labels.conversions), sample);
  }

  // log of p_b (1 + rho (1 - pCTR) / pCTR), where (1 - pCTR) / pCTR = e^-a.
  Prediction Predict(const float* logits) const {
    const auto a = static_cast<double>(logits[kCtr]);
    const auto b = static_cast<double>(logits[kCvr]);
    if (!correct || rho == 0) return PredictionOfLogits(a, b);
    return PredictionOfRatio(a, Softplus(Log(rho) - a) - Softplus(-b));
  }
};

}  // namespace chorus::worker
