#pragma once
// The exact area under the ROC curve, ties counted half, with fractional labels and row weights:
//   sum_{i,j} p_i q_j ([s_i > s_j] + [s_i = s_j] / 2) / (sum p  sum q),  p = w t, q = w (1 - t)
// A row of label t and weight w counts as w t positives and w (1 - t) negatives. ScoreHistogram has
// the estimate from bins, with a bound of its error.
// Thread safety: none.

#include <optional>

namespace chorus::worker {

class AucSums {
 public:
  // Adds the positives and negatives of all rows of one score. Scores ascend from call to call;
  // with descending scores and the two arguments exchanged the result is the same.
  void AddTie(double positives, double negatives) {
    wins_ += positives * (negatives_ + 0.5 * negatives);
    positives_ += positives;
    negatives_ += negatives;
  }
  // Absent without positives or without negatives.
  std::optional<double> Auc() const {
    if (!(positives_ > 0) || !(negatives_ > 0)) return std::nullopt;
    return wins_ / (positives_ * negatives_);
  }

 private:
  double positives_ = 0;
  double negatives_ = 0;
  double wins_ = 0;
};

}  // namespace chorus::worker
