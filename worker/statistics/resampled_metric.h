#pragma once
// A metric of one run on one set of rows, ready to be evaluated again and again with other counts
// of the same groups: sorted once, then O(rows) an evaluation (AUC, KS, ECE) or O(groups) (the
// others). The bootstrap (bootstrap.h) draws the counts; counts of 1 give the metric itself. Thread
// safety: const methods from any thread.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace chorus::worker {

// Rows of a task on its own space (clicked rows only for CVR). All [n], views of memory that must
// live while a metric is being made.
struct MetricRows {
  std::span<const double>
      logit;  // what rows are ranked by, and whose cross-entropy is the loss; +-700
  std::span<const double> probability;  // may exceed 1 (a ratio)
  std::span<const double> label;        // in [0, 1]; fractional: the truth of a generated log
  std::span<const uint32_t> group;      // position in the list of groups, see NumberGroups
  std::span<const uint64_t> row_id;     // breaks ties of Ndcg and Recall

  size_t size() const { return logit.size(); }
};

class ResampledMetric {
 public:
  virtual ~ResampledMetric() = default;
  // counts: [groups], how often each group was drawn. Absent where undefined, so for all zeros.
  virtual std::optional<double> Value(std::span<const uint8_t> counts) const = 0;
};

// groups: how many there are; all row.group are below it.
std::unique_ptr<ResampledMetric> NewAuc(const MetricRows& rows);
std::unique_ptr<ResampledMetric> NewKs(const MetricRows& rows, uint32_t groups);
// Over 20 equal-frequency bins of the drawn rows; equal logits stay together.
std::unique_ptr<ResampledMetric> NewCalibrationError(const MetricRows& rows, uint32_t groups);
std::unique_ptr<ResampledMetric> NewLogLoss(const MetricRows& rows, uint32_t groups);
std::unique_ptr<ResampledMetric> NewNormalizedEntropy(const MetricRows& rows, uint32_t groups);
std::unique_ptr<ResampledMetric> NewPcoc(const MetricRows& rows, uint32_t groups);
// mean KL(Bernoulli(label) || Bernoulli(sigma(logit))), in nats: log loss less the entropy of the
// labels.
std::unique_ptr<ResampledMetric> NewDivergence(const MetricRows& rows, uint32_t groups);
// The share of rows whose probability, a ratio, exceeds 1.
std::unique_ptr<ResampledMetric> NewShareAboveOne(const MetricRows& rows, uint32_t groups);
// Field-RCE: sum_f n_f |PCOC_f - 1| / n over the values f of a field. Values with under
// kMinFieldPositives positives are one value together; one without positives among the drawn rows
// is left out.  field: [n], the rows' values.
constexpr double kMinFieldPositives = 30;
std::unique_ptr<ResampledMetric> NewFieldError(const MetricRows& rows,
                                               std::span<const uint64_t> field);
// Labels count as 1 from 1/2 on.
std::unique_ptr<ResampledMetric> NewGroupAuc(const MetricRows& rows, uint32_t groups);
std::unique_ptr<ResampledMetric> NewNdcg(const MetricRows& rows, uint32_t groups, uint32_t k);
std::unique_ptr<ResampledMetric> NewRecall(const MetricRows& rows, uint32_t groups, uint32_t k);

}  // namespace chorus::worker
