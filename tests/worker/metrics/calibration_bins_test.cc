#include "worker/metrics/calibration_bins.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/worker/metrics/metrics_testing.h"

namespace chorus::worker::testing {
namespace {

TEST(CalibrationBinsTest, AreTwentyPartsOfASortWithTiesTogether) {
  for (const bool rounded : {false, true}) {
    std::vector<double> logit, probability, label;
    for (uint64_t i = 0; i < 700; ++i) {
      const double z = 4 * Uniform(1, i, 0) - 3;
      logit.push_back(rounded ? std::round(5 * z) / 5 : z);
      probability.push_back(Sigma(logit.back()));
      label.push_back(Uniform(1, i, 1) < 0.2);
    }
    std::vector<CalibrationBin> expected(20);
    for (size_t i = 0; i < logit.size(); ++i) {
      size_t below = 0;  // the row's bin is that of the first row of its tie
      for (const double z : logit) below += z < logit[i];
      CalibrationBin& bin = expected[20 * below / logit.size()];
      bin.set_rows(bin.rows() + 1);
      bin.set_labels(bin.labels() + label[i]);
      bin.set_mean_prediction(bin.mean_prediction() + probability[i]);
    }
    std::erase_if(expected, [](const CalibrationBin& bin) { return bin.rows() == 0; });
    const std::vector<CalibrationBin> bins = CalibrationBins(logit, probability, label);
    ASSERT_EQ(bins.size(), expected.size());
    EXPECT_EQ(bins.size() == 20, !rounded);
    for (size_t b = 0; b < bins.size(); ++b) {
      EXPECT_EQ(bins[b].rows(), expected[b].rows());
      EXPECT_EQ(bins[b].labels(), expected[b].labels());
      EXPECT_NEAR(bins[b].mean_prediction() * static_cast<double>(bins[b].rows()),
                  expected[b].mean_prediction(), 1e-11);
    }
  }
}

TEST(CalibrationBinsTest, AFewRowsHaveABinEachAndNoneHaveNone) {
  EXPECT_EQ(CalibrationBins(std::vector<double>{1, 0}, std::vector<double>{.7, .5},
                            std::vector<double>{1, 0})
                .size(),
            2u);
  EXPECT_TRUE(CalibrationBins({}, {}, {}).empty());
}

}  // namespace
}  // namespace chorus::worker::testing
