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
    return values_.Mean(counts);
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
