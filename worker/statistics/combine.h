#pragma once
// One difference between two systems, from runs paired by seed and fold.
//
// d[s][f]: method minus base of seed s on the test set of fold f. D_s = mean_f d[s][f] is what seed
// s says, and varies with the seed: a seed draws the same initial values in every fold, so that the
// folds of one seed agree more than those of two (correlations of 0.5 to 0.8 were measured), and
// only whole seeds count as independent. Each fold's mean over seeds varies with the test set drawn
// besides (v_f: DeLong on the seed-averaged contrast, or the bootstrap); test sets of folds are
// disjoint:
//   estimate = mean_s D_s,   variance = sum_f v_f / F^2 + s^2 / S,   s^2 = sample variance of D_s.
// Folds share most of their training rows; what that correlates is not in the variance (nobody can
// estimate it without bias: Bengio & Grandvalet 2004). v_f holds a part of the seeds' disagreement
// too (they are scored on one test set), so the variance errs on the large side. The interval takes
// Student's t with the degrees of freedom of Satterthwaite (1946), V^2 / (seed part^2 / (S - 1)):
// few seeds are paid for. Thread safety: pure function.

#include <optional>
#include <span>

#include "worker/statistics/interval.h"

namespace chorus::worker {

struct CombinedDifference {
  double estimate = 0;
  double sampling_variance = 0;         // sum_f v_f / F^2
  std::optional<double> seed_variance;  // s^2 / S; absent with one seed: not in the interval
  double standard_error = 0;
  Interval interval;  // 95 %
};

// differences: [seeds * folds], that of seed s and fold f at [s * folds + f]; sampling_variances:
// [folds]. REQUIRES: at least one of each.
CombinedDifference CombineDifferences(std::span<const double> differences,
                                      std::span<const double> sampling_variances);

}  // namespace chorus::worker
