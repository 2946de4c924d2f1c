// Field-RCE: the calibration error inside the values of a field.

#include <algorithm>
#include <cmath>
#include <map>

#include "common/check.h"
#include "worker/statistics/resampled_metric.h"

namespace chorus::worker {
namespace {

// Positions of the values, by ascending value; all rare ones share the last position.
std::vector<uint32_t> NumberFields(const MetricRows& rows, std::span<const uint64_t> field,
                                   uint32_t* count) {
  std::map<uint64_t, double> positives;
  for (size_t i = 0; i < rows.size(); ++i) positives[field[i]] += rows.label[i];
  std::map<uint64_t, uint32_t> number;
  for (const auto& [value, labels] : positives) {
    if (labels >= kMinFieldPositives) number.emplace(value, static_cast<uint32_t>(number.size()));
  }
  const auto rare = static_cast<uint32_t>(number.size());
  *count = rare + 1;
  std::vector<uint32_t> of_row;
  for (const uint64_t value : field) {
    const auto found = number.find(value);
    of_row.push_back(found == number.end() ? rare : found->second);
  }
  return of_row;
}

class FieldError final : public ResampledMetric {
 public:
  FieldError(const MetricRows& rows, std::span<const uint64_t> field) {
    const std::vector<uint32_t> numbers = NumberFields(rows, field, &fields_);
    for (size_t i = 0; i < rows.size(); ++i) {
      rows_.push_back({rows.label[i], rows.probability[i], rows.group[i], numbers[i]});
    }
  }

  std::optional<double> Value(std::span<const uint8_t> counts) const override {
    struct Sums {
      double rows = 0, labels = 0, probabilities = 0;
    };
    std::vector<Sums> fields(fields_);
    for (const Row& row : rows_) {
      const double count = counts[row.group];
      fields[row.field].rows += count;
      fields[row.field].labels += count * row.label;
      fields[row.field].probabilities += count * row.probability;
    }
    double error = 0, total = 0;
    for (const Sums& field : fields) {
      if (!(field.labels > 0)) continue;
      error += field.rows * std::abs(field.probabilities / field.labels - 1);
      total += field.rows;
    }
    if (!(total > 0)) return std::nullopt;
    return error / total;
  }

 private:
  struct Row {
    double label, probability;
    uint32_t group, field;
  };
  std::vector<Row> rows_;
  uint32_t fields_ = 0;
};

}  // namespace

std::unique_ptr<ResampledMetric> NewFieldError(const MetricRows& rows,
                                               std::span<const uint64_t> field) {
  CHECK(field.size() == rows.size(), "field=", field.size(), " rows=", rows.size());
  return std::make_unique<FieldError>(rows, field);
}

}  // namespace chorus::worker
