#pragma once
// OVERSAMPLING (Ma et al., SIGIR 2018, section 3.1; Weiss 2004): BASE with every conversion counted
// k times.
//   L = w_cvr sum_O (1 + (k - 1) r) CE(b, r) / sum_O (1 + (k - 1) r)  +  w_ctr 1/|D| sum_D CE(a, o)
// k = 1 is BASE. The odds of sigma(b) are k times too high; `correct` predicts with b - ln k, which
// does not change the order of rows. Sums are over a step. In a step of few clicks the copies of a
// conversion are a large part of its own denominator: the odds are then less than k times too high,
// and `correct` subtracts too much (perf/README.md, Criteo).

#include <optional>

#include "worker/objective/base_rate.h"
#include "worker/objective/prediction.h"
#include "worker/objective/row_terms.h"

namespace chorus::worker {

struct Oversampling {
  enum Head { kCtr, kCvr, kHeads };
  enum Term { kCtrTerm, kCvrTerm, kTerms };

  double copies = 1;
  bool correct = true;

  double Copies(bool click, bool converted, uint64_t /*row_id*/) const {
    return converted ? copies : (click ? 1.0 : 0.0);
  }

  template <typename T>
  CHORUS_HD void Row(RowTerms<T>& row) const {
    row.AddCrossEntropy(kCtrTerm, kCtr, row.click);
    if (row.click) row.AddCrossEntropy(kCvrTerm, kCvr, row.converted, RowWeight<T>{row.copies});
  }

  // From the base rate of the sample, in which every conversion counts `copies` times.
  std::optional<double> Start(int head, const LabelCounts& labels) const {
    if (head != kCvr) return std::nullopt;
    const double converted = copies * static_cast<double>(labels.conversions);
    return LogOdds(converted, converted + static_cast<double>(labels.clicks - labels.conversions));
  }

  Prediction Predict(const float* logits) const {
    const double shift = correct ? Log(copies) : 0.0;
    return PredictionOfLogits(static_cast<double>(logits[kCtr]),
                              static_cast<double>(logits[kCvr]) - shift);
  }
};

}  // namespace chorus::worker
