#include "worker/statistics/auc.h"

#include "common/check.h"
#include "worker/statistics/order.h"

namespace chorus::worker {

std::optional<double> Auc(std::span<const double> scores, std::span<const double> labels,
                          std::span<const double> weights) {
  CHECK(scores.size() == labels.size(), "scores=", scores.size(), " labels=", labels.size());
  CHECK(weights.empty() || weights.size() == scores.size(), "weights=", weights.size());
  const std::vector<uint32_t> order = AscendingOrder(scores);
  double positives = 0, negatives = 0, wins = 0;
  ForEachTie(scores, order, [&](size_t begin, size_t end) {
    double plus = 0, minus = 0;
    for (size_t k = begin; k < end; ++k) {
      const uint32_t i = order[k];
      const double weight = weights.empty() ? 1.0 : weights[i];
      plus += weight * labels[i];
      minus += weight * (1 - labels[i]);
    }
    wins += plus * (negatives + 0.5 * minus);
    positives += plus;
    negatives += minus;
  });
  if (!(positives > 0) || !(negatives > 0)) return std::nullopt;
  return wins / (positives * negatives);
}

}  // namespace chorus::worker
