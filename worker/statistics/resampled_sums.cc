// Metrics of sums over rows, hence of sums over groups: log loss, normalised entropy, PCOC.

#include <algorithm>

#include "common/device_math.h"
#include "worker/statistics/resampled_metric.h"

namespace chorus::worker {
namespace {

struct Sums {
  double rows = 0, labels = 0, probabilities = 0, losses = 0;

  void Add(double count, const Sums& other) {
    rows += count * other.rows;
    labels += count * other.labels;
    probabilities += count * other.probabilities;
    losses += count * other.losses;
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
  const double rate = sums.labels / sums.rows;
  return sums.losses / sums.rows / -(rate * Log(rate) + (1 - rate) * Log1p(-rate));
}

std::optional<double> PcocOf(const Sums& sums) {
  if (!(sums.labels > 0)) return std::nullopt;
  return sums.probabilities / sums.labels;
}

class MetricOfSums final : public ResampledMetric {
 public:
  using Function = std::optional<double> (*)(const Sums&);

  MetricOfSums(const MetricRows& rows, uint32_t groups, Function function)
      : function_(function), sums_(groups) {
    for (size_t i = 0; i < rows.size(); ++i) {
      sums_[rows.group[i]].Add(
          1, {1, rows.label[i], rows.probability[i], CrossEntropy(rows.logit[i], rows.label[i])});
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

}  // namespace chorus::worker
