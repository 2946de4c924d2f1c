#include "worker/statistics/delong.h"

#include <vector>

#include "common/check.h"
#include "worker/statistics/order.h"

namespace chorus::worker {
namespace {

// Adds coefficient * V10(i) or V01(j) to component[row] of every row. Walking up the
// scores, the opposite class's rows passed so far (half of those in the tie) are the wins of a
// positive and the losses of a negative: the difference of the two midranks.
void AddComponents(std::span<const double> scores, std::span<const uint8_t> labels,
                   double coefficient, double positives, double negatives,
                   std::vector<double>* component) {
  const std::vector<uint32_t> order = AscendingOrder(scores);
  double positives_below = 0, negatives_below = 0;
  ForEachTie(scores, order, [&](size_t begin, size_t end) {
    double plus = 0;
    for (size_t k = begin; k < end; ++k) plus += labels[order[k]] != 0 ? 1 : 0;
    const double minus = static_cast<double>(end - begin) - plus;
    const double v10 = (negatives_below + 0.5 * minus) / negatives;
    const double v01 = 1 - (positives_below + 0.5 * plus) / positives;
    for (size_t k = begin; k < end; ++k) {
      (*component)[order[k]] += coefficient * (labels[order[k]] != 0 ? v10 : v01);
    }
    positives_below += plus;
    negatives_below += minus;
  });
}

// The sample variance of the components of one class, divided by their number.
double VarianceOfMean(std::span<const double> component, std::span<const uint8_t> labels,
                      bool of_positives, double count) {
  double sum = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    if ((labels[i] != 0) == of_positives) sum += component[i];
  }
  const double mean = sum / count;
  double squares = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    if ((labels[i] != 0) == of_positives) {
      squares += (component[i] - mean) * (component[i] - mean);
    }
  }
  return squares / (count - 1) / count;
}

}  // namespace

std::optional<double> DeLongVariance(std::span<const std::span<const double>> scores,
                                     std::span<const uint8_t> labels,
                                     std::span<const double> coefficients) {
  CHECK(scores.size() == coefficients.size(), "scores=", scores.size(),
        " coefficients=", coefficients.size());
  double positives = 0;
  for (const uint8_t label : labels) positives += label != 0 ? 1 : 0;
  const double negatives = static_cast<double>(labels.size()) - positives;
  if (positives < 2 || negatives < 2) return std::nullopt;
  std::vector<double> component(labels.size(), 0.0);
  for (size_t k = 0; k < scores.size(); ++k) {
    CHECK(scores[k].size() == labels.size(), "vector ", k, " scores=", scores[k].size(),
          " labels=", labels.size());
    AddComponents(scores[k], labels, coefficients[k], positives, negatives, &component);
  }
  return VarianceOfMean(component, labels, true, positives) +
         VarianceOfMean(component, labels, false, negatives);
}

}  // namespace chorus::worker
