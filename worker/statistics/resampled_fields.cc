// Field-RCE: the calibration error inside the values of a field.

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_map>

#include "common/check.h"
#include "worker/statistics/resampled_metric.h"

namespace chorus::worker {
namespace {

// The field's value of each row, with one value for all that have few positives.
std::vector<uint64_t> WithRareTogether(const MetricRows& rows, std::span<const uint64_t> field) {
  std::unordered_map<uint64_t, double> positives;
  for (size_t i = 0; i < rows.size(); ++i) positives[field[i]] += rows.label[i];
  uint64_t rare = 0;  // the lowest of them stands for all
  bool any = false;
  for (const auto& [value, labels] : positives) {
    if (labels >= kMinFieldPositives) continue;
    rare = any ? std::min(rare, value) : value;
    any = true;
  }
  std::vector<uint64_t> out(field.begin(), field.end());
  for (uint64_t& value : out) {
    if (positives.at(value) < kMinFieldPositives) value = rare;
  }
  return out;
}

class FieldError final : public ResampledMetric {
 public:
  FieldError(const MetricRows& rows, std::span<const uint64_t> field) {
    const std::vector<uint64_t> values = WithRareTogether(rows, field);
    std::vector<uint32_t> order(rows.size());
    std::iota(order.begin(), order.end(), 0u);
    std::sort(order.begin(), order.end(), [&](uint32_t i, uint32_t j) {
      return values[i] != values[j] ? values[i] < values[j] : i < j;
    });
    for (size_t k = 0; k < order.size(); ++k) {
      const uint32_t i = order[k];
      const bool is_last = k + 1 == order.size() || values[order[k + 1]] != values[i];
      rows_.push_back(
          {rows.label[i], rows.probability[i], rows.weight_of(i), rows.group[i], is_last});
    }
  }

  std::optional<double> Value(std::span<const uint8_t> counts) const override {
    double error = 0, total = 0;
    double drawn = 0, labels = 0, probabilities = 0;  // of one value of the field
    for (const Row& row : rows_) {
      const double count = counts[row.group] * row.weight;
      drawn += count;
      labels += count * row.label;
      probabilities += count * row.probability;
      if (!row.last_of_value) continue;
      if (labels > 0) {
        error += drawn * std::abs(probabilities / labels - 1);
        total += drawn;
      }
      drawn = labels = probabilities = 0;
    }
    if (!(total > 0)) return std::nullopt;
    return error / total;
  }

 private:
  struct Row {
    double label, probability, weight;
    uint32_t group;
    bool last_of_value;
  };
  std::vector<Row> rows_;  // by value of the field
};

}  // namespace

std::unique_ptr<ResampledMetric> NewFieldError(const MetricRows& rows,
                                               std::span<const uint64_t> field) {
  CHECK(field.size() == rows.size(), "field=", field.size(), " rows=", rows.size());
  return std::make_unique<FieldError>(rows, field);
}

}  // namespace chorus::worker
