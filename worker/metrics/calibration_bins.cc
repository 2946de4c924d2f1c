#include "worker/metrics/calibration_bins.h"

#include "common/check.h"
#include "worker/statistics/equal_bins.h"
#include "worker/statistics/order.h"

namespace chorus::worker {

std::vector<CalibrationBin> CalibrationBins(std::span<const double> logit,
                                            std::span<const double> probability,
                                            std::span<const double> label) {
  CHECK(probability.size() == logit.size() && label.size() == logit.size(), "logit=", logit.size(),
        " probability=", probability.size(), " label=", label.size());
  const std::vector<uint32_t> order = AscendingOrder(logit);
  std::vector<CalibrationBin> bins;
  EqualBins equal(order.size(), kCalibrationBins);
  ForEachTie(logit, order, [&](size_t begin, size_t end) {
    if (equal.NextBegins()) bins.emplace_back();
    equal.Add(end - begin);
    for (size_t k = begin; k < end; ++k) {
      bins.back().set_rows(bins.back().rows() + 1);
      bins.back().set_labels(bins.back().labels() + label[order[k]]);
      bins.back().set_mean_prediction(bins.back().mean_prediction() + probability[order[k]]);
    }
  });
  for (CalibrationBin& b : bins) {  // so far the sum
    b.set_mean_prediction(b.mean_prediction() / static_cast<double>(b.rows()));
  }
  return bins;
}

}  // namespace chorus::worker
