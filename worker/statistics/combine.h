#pragma once
// One difference between two systems, from runs paired by seed and fold.
//
// d[s][f]: method minus base of seed s on the test set of fold f. Over seeds, a fold's mean
// D_f = mean_s d[s][f] estimates the fold's truth; it varies with the test set drawn (sampling
// variance v_f: DeLong on the seed-averaged contrast, or the bootstrap) and with the seeds (s_f^2 / S,
// s_f^2 the sample variance of d[., f]). Folds have disjoint test sets and training runs of their own,
// so they count as independent:
//   estimate = mean_f D_f,   variance = sum_f v_f / F^2 + sum_f s_f^2 / (S F^2).
// Folds share most of their training rows; what that correlates is not in the variance (nobody can estimate
// it without bias: Bengio & Grandvalet 2004). v_f holds a part of the seeds' disagreement too (they are
// scored on one test set), so the variance errs on the large side. The interval takes Student's t with the
// degrees of freedom of Satterthwaite (1946), V^2 / (seed part^2 / (F (S - 1))): few seeds are paid for.
// Thread safety: pure function.

#include <optional>
#include <span>

#include "worker/statistics/interval.h"

namespace chorus::worker {

struct CombinedDifference {
  double estimate = 0;
  double sampling_variance = 0;  // sum_f v_f / F^2
  std::optional<double>
      seed_variance;  // sum_f s_f^2 / (S F^2); absent with one seed: not in the interval
  double standard_error = 0;
  Interval interval;  // 95 %
};

// differences: [seeds * folds], that of seed s and fold f at [s * folds + f]; sampling_variances: [folds].
// REQUIRES: at least one of each.
CombinedDifference CombineDifferences(std::span<const double> differences,
                                      std::span<const double> sampling_variances);

}  // namespace chorus::worker
