#include "worker/statistics/combine.h"

#include <cmath>
#include <limits>
#include <vector>

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
  for (const double v : sampling_variances) out.sampling_variance += v / (f_count * f_count);
  std::vector<double> of_seed(seeds, 0.0);  // means over folds
  for (size_t s = 0; s < seeds; ++s) {
    for (size_t f = 0; f < folds; ++f) of_seed[s] += differences[s * folds + f] / f_count;
    out.estimate += of_seed[s] / s_count;
  }
  double squares = 0;
  for (const double d : of_seed) squares += (d - out.estimate) * (d - out.estimate);
  const double seed_variance = seeds > 1 ? squares / (s_count - 1) / s_count : 0;
  if (seeds > 1) out.seed_variance = seed_variance;
  const double variance = out.sampling_variance + seed_variance;
  out.standard_error = std::sqrt(variance);
  double degrees = std::numeric_limits<double>::infinity();
  if (seed_variance > 0) {
    degrees = variance * variance * (s_count - 1) / (seed_variance * seed_variance);
  }
  out.interval = StudentInterval95(out.estimate, out.standard_error, degrees);
  return out;
}

}  // namespace chorus::worker
