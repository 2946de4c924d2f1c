#pragma once
// A metric of one run on one set of rows, which can be evaluated again and again with other counts
// of the same groups. Rows are sorted once; an evaluation then takes O(rows) (AUC, KS, ECE) or
// O(groups) (the others). The bootstrap (bootstrap.h) draws the counts; with counts of 1 the value
// is the metric itself. Thread safety: const methods from any thread.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace chorus::worker {

// Rows of a task on its own space (clicked rows only for CVR). All are [n], and are read only while
// a metric is being made.
struct MetricRows {
  // Ranks the rows; its cross-entropy, with the logit cut to +-700, is the loss.
  std::span<const double> logit;
  std::span<const double> probability;  // may exceed 1 (a ratio)
  std::span<const double> label;        // in [0, 1]; the truth of a generated log is fractional
  std::span<const uint32_t> group;      // the row's group by number, see NumberGroups
  std::span<const uint64_t> row_id;     // breaks ties in NDCG and Recall
  // How often a row counts, in all but NDCG, Recall and the sizes of bins; empty: once.
  std::span<const double> weight = {};

  double weight_of(size_t row) const { return weight.empty() ? 1 : weight[row]; }
  size_t size() const { return logit.size(); }
};

class ResampledMetric {
 public:
  virtual ~ResampledMetric() = default;
  // counts: [groups], how many times each group was drawn. Absent where the metric is undefined, as
  // with zeros only.
  virtual std::optional<double> Value(std::span<const uint8_t> counts) const = 0;
};

// groups: the number of groups, above all of rows.group.
std::unique_ptr<ResampledMetric> NewAuc(const MetricRows& rows);
std::unique_ptr<ResampledMetric> NewKs(const MetricRows& rows, uint32_t groups);
// ECE over 20 bins of equal size of the drawn rows; rows of equal logits stay together.
std::unique_ptr<ResampledMetric> NewCalibrationError(const MetricRows& rows, uint32_t groups);
std::unique_ptr<ResampledMetric> NewLogLoss(const MetricRows& rows, uint32_t groups);
std::unique_ptr<ResampledMetric> NewNormalizedEntropy(const MetricRows& rows, uint32_t groups);
std::unique_ptr<ResampledMetric> NewPcoc(const MetricRows& rows, uint32_t groups);
// The mean of KL(Bernoulli(label) || Bernoulli(sigma(logit))), in nats, which is log loss minus the
// mean entropy of the labels.
std::unique_ptr<ResampledMetric> NewDivergence(const MetricRows& rows, uint32_t groups);
// The share of rows whose probability, a ratio, exceeds 1.
std::unique_ptr<ResampledMetric> NewShareAboveOne(const MetricRows& rows, uint32_t groups);
// Field-RCE: sum_f n_f |PCOC_f - 1| / n, with n the sum of weights, over the values f of a field.
// All values with fewer than kMinFieldPositives positives count as one value. A value without
// positives among the drawn rows is left out.  field: [n], the rows' values.
constexpr double kMinFieldPositives = 30;
std::unique_ptr<ResampledMetric> NewFieldError(const MetricRows& rows,
                                               std::span<const uint64_t> field);
// See group_values.h.
std::unique_ptr<ResampledMetric> NewGroupAuc(const MetricRows& rows, uint32_t groups);
std::unique_ptr<ResampledMetric> NewNdcg(const MetricRows& rows, uint32_t groups, uint32_t k);
std::unique_ptr<ResampledMetric> NewRecall(const MetricRows& rows, uint32_t groups, uint32_t k);

}  // namespace chorus::worker
