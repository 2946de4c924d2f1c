// Metrics that walk the rows by ascending logit: AUC, KS, ECE.

#include <algorithm>
#include <cmath>

#include "worker/statistics/auc.h"
#include "worker/statistics/equal_bins.h"
#include "worker/statistics/order.h"
#include "worker/statistics/resampled_metric.h"

namespace chorus::worker {
namespace {

struct RankedRow {
  double label;
  double weight;
  uint32_t group;
  bool last_of_tie;
};

std::vector<RankedRow> Rank(const MetricRows& rows, std::span<const uint32_t> order) {
  std::vector<RankedRow> ranked(rows.size());
  ForEachTie(rows.logit, order, [&](size_t begin, size_t end) {
    for (size_t k = begin; k < end; ++k) {
      const uint32_t i = order[k];
      ranked[k] = {rows.label[i], rows.weight_of(i), rows.group[i], k + 1 == end};
    }
  });
  return ranked;
}

class RankedAuc final : public ResampledMetric {
 public:
  explicit RankedAuc(const MetricRows& rows) : rows_(Rank(rows, AscendingOrder(rows.logit))) {}

  std::optional<double> Value(std::span<const uint8_t> counts) const override {
    AucSums sums;
    double plus = 0, minus = 0;  // of the tie
    for (const RankedRow& row : rows_) {
      const double count = counts[row.group] * row.weight;
      plus += count * row.label;
      minus += count * (1 - row.label);
      if (!row.last_of_tie) continue;
      sums.AddTie(plus, minus);
      plus = minus = 0;
    }
    return sums.Auc();
  }

 private:
  std::vector<RankedRow> rows_;
};

// max over thresholds t of P(score >= t | positive) - P(score >= t | negative)
//   = max (share of negatives below t - share of positives below t).
class RankedKs final : public ResampledMetric {
 public:
  RankedKs(const MetricRows& rows, uint32_t groups)
      : rows_(Rank(rows, AscendingOrder(rows.logit))),
        positives_(groups, 0),
        negatives_(groups, 0) {
    for (const RankedRow& row : rows_) {
      positives_[row.group] += row.weight * row.label;
      negatives_[row.group] += row.weight * (1 - row.label);
    }
  }

  std::optional<double> Value(std::span<const uint8_t> counts) const override {
    double positives = 0, negatives = 0;
    for (size_t g = 0; g < positives_.size(); ++g) {
      positives += counts[g] * positives_[g];
      negatives += counts[g] * negatives_[g];
    }
    if (!(positives > 0) || !(negatives > 0)) return std::nullopt;
    double plus = 0, minus = 0, best = 0;  // best: times positives * negatives
    for (const RankedRow& row : rows_) {
      const double count = counts[row.group] * row.weight;
      plus += count * row.label;
      minus += count * (1 - row.label);
      if (row.last_of_tie) best = std::max(best, minus * positives - plus * negatives);
    }
    return best / (positives * negatives);
  }

 private:
  std::vector<RankedRow> rows_;
  std::vector<double> positives_, negatives_;  // [groups]
};

class RankedCalibration final : public ResampledMetric {
 public:
  RankedCalibration(const MetricRows& rows, uint32_t groups)
      : group_rows_(groups, 0), group_weight_(groups, 0) {
    const std::vector<uint32_t> order = AscendingOrder(rows.logit);
    rows_ = Rank(rows, order);
    for (size_t k = 0; k < order.size(); ++k) {
      rows_[k].label = rows.probability[order[k]] - rows.label[order[k]];
      group_rows_[rows_[k].group] += 1;
      group_weight_[rows_[k].group] += rows_[k].weight;
    }
  }

  std::optional<double> Value(std::span<const uint8_t> counts) const override {
    uint64_t total = 0;
    double weight = 0;
    for (size_t g = 0; g < group_rows_.size(); ++g) {
      total += counts[g] * group_rows_[g];
      weight += counts[g] * group_weight_[g];
    }
    if (!(weight > 0)) return std::nullopt;
    EqualBins bins(total, kBins);
    double sum = 0, of_bin = 0;  // of probability - label
    bool begins_tie = true;
    for (const RankedRow& row : rows_) {
      if (begins_tie && bins.NextBegins()) {
        sum += std::abs(of_bin);
        of_bin = 0;
      }
      of_bin += counts[row.group] * row.weight * row.label;
      bins.Add(counts[row.group]);
      begins_tie = row.last_of_tie;
    }
    return (sum + std::abs(of_bin)) / weight;
  }

 private:
  static constexpr uint32_t kBins = 20;
  std::vector<RankedRow> rows_;       // label: probability - label
  std::vector<uint64_t> group_rows_;  // [groups]
  std::vector<double> group_weight_;  // [groups]
};

}  // namespace

std::unique_ptr<ResampledMetric> NewAuc(const MetricRows& rows) {
  return std::make_unique<RankedAuc>(rows);
}

std::unique_ptr<ResampledMetric> NewKs(const MetricRows& rows, uint32_t groups) {
  return std::make_unique<RankedKs>(rows, groups);
}

std::unique_ptr<ResampledMetric> NewCalibrationError(const MetricRows& rows, uint32_t groups) {
  return std::make_unique<RankedCalibration>(rows, groups);
}

}  // namespace chorus::worker
