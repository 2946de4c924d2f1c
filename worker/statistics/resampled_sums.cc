// Metrics of sums over rows, hence of sums over groups: log loss, normalised entropy, PCOC,
// divergence, the share above 1.

#include <algorithm>
#include <vector>

#include "common/device_math.h"
#include "worker/statistics/entropy.h"
#include "worker/statistics/resampled_metric.h"

namespace chorus::worker {
namespace {

struct Sums {
  double rows = 0, labels = 0, probabilities = 0, losses = 0;
  double entropies = 0;  // of the labels, for themselves
  double above_one = 0;

  void Add(double count, const Sums& other) {
    rows += count * other.rows;
    labels += count * other.labels;
    probabilities += count * other.probabilities;
    losses += count * other.losses;
    entropies += count * other.entropies;
    above_one += count * other.above_one;
  }
};

double CrossEntropy(double logit, double label) {
  const double z = std::min(std::max(logit, -700.0), 700.0);
  return label * Softplus(-z) + (1 - label) * Softplus(z);
}

std::optional<double> LogLossOf(const Sums& sums) {
  if (!(sums.rows > 0)) return std::nullopt;
  return sums.losses / sums.rows;
}

std::optional<double> NormalizedEntropyOf(const Sums& sums) {
  if (!(sums.labels > 0) || !(sums.labels < sums.rows)) return std::nullopt;
  return sums.losses / sums.rows / Entropy(sums.labels / sums.rows);
}

std::optional<double> PcocOf(const Sums& sums) {
  if (!(sums.labels > 0)) return std::nullopt;
  return sums.probabilities / sums.labels;
}

std::optional<double> DivergenceOf(const Sums& sums) {
  if (!(sums.rows > 0)) return std::nullopt;
  return std::max(0.0, (sums.losses - sums.entropies) / sums.rows);
}

std::optional<double> ShareAboveOneOf(const Sums& sums) {
  if (!(sums.rows > 0)) return std::nullopt;
  return sums.above_one / sums.rows;
}

class MetricOfSums final : public ResampledMetric {
 public:
  using Function = std::optional<double> (*)(const Sums&);

  MetricOfSums(const MetricRows& rows, uint32_t groups, Function function)
      : function_(function), sums_(groups) {
    for (size_t i = 0; i < rows.size(); ++i) {
      sums_[rows.group[i]].Add(
          rows.weight_of(i),
          {1, rows.label[i], rows.probability[i], CrossEntropy(rows.logit[i], rows.label[i]),
           Entropy(rows.label[i]), rows.probability[i] > 1 ? 1.0 : 0.0});
    }
  }

  std::optional<double> Value(std::span<const uint8_t> counts) const override {
    Sums total;
    for (size_t g = 0; g < sums_.size(); ++g) total.Add(counts[g], sums_[g]);
    return function_(total);
  }

 private:
  const Function function_;
  std::vector<Sums> sums_;  // [groups]
};

}  // namespace

std::unique_ptr<ResampledMetric> NewLogLoss(const MetricRows& rows, uint32_t groups) {
  return std::make_unique<MetricOfSums>(rows, groups, LogLossOf);
}

std::unique_ptr<ResampledMetric> NewNormalizedEntropy(const MetricRows& rows, uint32_t groups) {
  return std::make_unique<MetricOfSums>(rows, groups, NormalizedEntropyOf);
}

std::unique_ptr<ResampledMetric> NewPcoc(const MetricRows& rows, uint32_t groups) {
  return std::make_unique<MetricOfSums>(rows, groups, PcocOf);
}

std::unique_ptr<ResampledMetric> NewDivergence(const MetricRows& rows, uint32_t groups) {
  return std::make_unique<MetricOfSums>(rows, groups, DivergenceOf);
}

std::unique_ptr<ResampledMetric> NewShareAboveOne(const MetricRows& rows, uint32_t groups) {
  return std::make_unique<MetricOfSums>(rows, groups, ShareAboveOneOf);
}

}  // namespace chorus::worker
