#include "worker/metrics/calibration_bins.h"

#include "common/check.h"
#include "worker/statistics/equal_bins.h"
#include "worker/statistics/order.h"

namespace chorus::worker {

std::vector<CalibrationBin> CalibrationBins(std::span<const double> logit,
                                            std::span<const double> probability,
                                            std::span<const double> label,
                                            std::span<const double> weight) {
  CHECK(probability.size() == logit.size() && label.size() == logit.size(), "logit=", logit.size(),
        " probability=", probability.size(), " label=", label.size());
  CHECK(weight.empty() || weight.size() == logit.size(), "weight=", weight.size());
  const std::vector<uint32_t> order = AscendingOrder(logit);
  std::vector<CalibrationBin> bins;
  std::vector<double> weights;  // [bins]
  EqualBins equal(order.size(), kCalibrationBins);
  ForEachTie(logit, order, [&](size_t begin, size_t end) {
    if (equal.NextBegins()) {
      bins.emplace_back();
      weights.push_back(0);
    }
    equal.Add(end - begin);
    for (size_t k = begin; k < end; ++k) {
      CalibrationBin& bin = bins.back();
      const double w = weight.empty() ? 1 : weight[order[k]];
      bin.set_rows(bin.rows() + 1);
      bin.set_labels(bin.labels() + w * label[order[k]]);
      bin.set_mean_prediction(bin.mean_prediction() + w * probability[order[k]]);
      weights.back() += w;
    }
  });
  for (size_t b = 0; b < bins.size(); ++b) {  // so far the sums
    if (!(weights[b] > 0)) continue;
    bins[b].set_labels(bins[b].labels() * (static_cast<double>(bins[b].rows()) / weights[b]));
    bins[b].set_mean_prediction(bins[b].mean_prediction() / weights[b]);
  }
  return bins;
}

}  // namespace chorus::worker
