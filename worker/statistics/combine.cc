#include "worker/statistics/combine.h"

#include <cmath>
#include <limits>

#include "common/check.h"

namespace chorus::worker {

CombinedDifference CombineDifferences(std::span<const double> differences,
                                      std::span<const double> sampling_variances) {
  const size_t folds = sampling_variances.size();
  CHECK(folds > 0 && !differences.empty() && differences.size() % folds == 0,
        "differences=", differences.size(), " folds=", folds);
  const size_t seeds = differences.size() / folds;
  const auto s_count = static_cast<double>(seeds), f_count = static_cast<double>(folds);
  CombinedDifference out;
  double seed_variance = 0;
  for (size_t f = 0; f < folds; ++f) {
    double mean = 0, squares = 0;
    for (size_t s = 0; s < seeds; ++s) mean += differences[s * folds + f] / s_count;
    for (size_t s = 0; s < seeds; ++s) {
      squares += (differences[s * folds + f] - mean) * (differences[s * folds + f] - mean);
    }
    out.estimate += mean / f_count;
    out.sampling_variance += sampling_variances[f] / (f_count * f_count);
    if (seeds > 1) seed_variance += squares / (s_count - 1) / (s_count * f_count * f_count);
  }
  if (seeds > 1) out.seed_variance = seed_variance;
  const double variance = out.sampling_variance + seed_variance;
  out.standard_error = std::sqrt(variance);
  double degrees = std::numeric_limits<double>::infinity();
  if (seed_variance > 0) {
    degrees = variance * variance * f_count * (s_count - 1) / (seed_variance * seed_variance);
  }
  out.interval = StudentInterval95(out.estimate, out.standard_error, degrees);
  return out;
}

}  // namespace chorus::worker
