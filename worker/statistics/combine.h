#pragma once
// One difference between two systems, from runs paired by seed and fold.
//
// d[s][f] is method minus base of seed s on the test set of fold f, and D_s = mean_f d[s][f] the
// difference of seed s. A seed draws the same initial values in every fold, so that the folds of
// one seed agree more than those of two seeds (correlations of 0.5 to 0.8 were measured); only
// whole seeds count as independent. Besides, the mean over seeds of fold f varies with the test set
// that was drawn (v_f: DeLong on the seed-averaged contrast, or the bootstrap). The test sets of
// folds are disjoint:
//   estimate = mean_s D_s,   variance = sum_f v_f / F^2 + s^2 / S,   s^2 = sample variance of D_s.
// Folds share most of their training rows. The correlation that this causes is not in the variance,
// since no unbiased estimate of it exists (Bengio & Grandvalet 2004). v_f contains a part of the
// seeds' disagreement, too, as all seeds are scored on one test set: the variance is rather too
// large. The interval uses Student's t with the degrees of freedom of Satterthwaite (1946),
// variance^2 / ((s^2 / S)^2 / (S - 1)), and so is wide where there are few seeds. Thread safety:
// pure function.

#include <optional>
#include <span>

#include "worker/statistics/interval.h"

namespace chorus::worker {

struct CombinedDifference {
  double estimate = 0;
  double sampling_variance = 0;         // sum_f v_f / F^2
  std::optional<double> seed_variance;  // s^2 / S; absent, and not in the interval, with one seed
  double standard_error = 0;
  Interval interval;  // 95 %
};

// differences: [seeds * folds], d[s][f] at s * folds + f.  sampling_variances: [folds], v_f.
// REQUIRES: at least one seed and one fold.
CombinedDifference CombineDifferences(std::span<const double> differences,
                                      std::span<const double> sampling_variances);

}  // namespace chorus::worker
