// Weighted means of values inside groups: GAUC, NDCG@k, Recall@k.

#include <utility>

#include "worker/statistics/group_values.h"
#include "worker/statistics/resampled_metric.h"

namespace chorus::worker {
namespace {

class MeanOfGroups final : public ResampledMetric {
 public:
  explicit MeanOfGroups(GroupValues values) : values_(std::move(values)) {}

  std::optional<double> Value(std::span<const uint8_t> counts) const override {
    double sum = 0, total = 0;
    for (size_t g = 0; g < values_.value.size(); ++g) {
      sum += counts[g] * values_.weight[g] * values_.value[g];
      total += counts[g] * values_.weight[g];
    }
    if (!(total > 0)) return std::nullopt;
    return sum / total;
  }

 private:
  GroupValues values_;
};

}  // namespace

std::unique_ptr<ResampledMetric> NewGroupAuc(const MetricRows& rows, uint32_t groups) {
  return std::make_unique<MeanOfGroups>(AucOfGroups(rows, RankGroups(rows, groups)));
}

std::unique_ptr<ResampledMetric> NewNdcg(const MetricRows& rows, uint32_t groups, uint32_t k) {
  return std::make_unique<MeanOfGroups>(NdcgOfGroups(rows, RankGroups(rows, groups), k));
}

std::unique_ptr<ResampledMetric> NewRecall(const MetricRows& rows, uint32_t groups, uint32_t k) {
  return std::make_unique<MeanOfGroups>(RecallOfGroups(rows, RankGroups(rows, groups), k));
}

}  // namespace chorus::worker
