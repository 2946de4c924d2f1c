#include "worker/synthetic/zipf.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "common/random.h"

namespace chorus::worker {
namespace {

void ExpectLaw(uint64_t n, double exponent) {
  const Zipf zipf(n, exponent);
  const int draws = 200000;
  std::vector<double> count(n, 0);
  for (int i = 0; i < draws; ++i) {
    const uint64_t k = zipf.Draw(Random(1, RandomPurpose::kTest, i, n));
    ASSERT_LT(k, n);
    count[k] += 1;
  }
  double total = 0;
  for (uint64_t k = 0; k < n; ++k) total += std::pow(k + 1.0, -exponent);
  for (uint64_t k = 0; k < n; ++k) {
    const double expected = draws * std::pow(k + 1.0, -exponent) / total;
    EXPECT_NEAR(count[k], expected, 5 * std::sqrt(expected) + 1) << "n=" << n << " k=" << k;
  }
}

TEST(ZipfTest, RanksFollowTheLawBelowAndAboveOne) {
  ExpectLaw(50, 0.9);
  ExpectLaw(80, 1.05);
  ExpectLaw(3, 1.05);
}

TEST(ZipfTest, OneRankIsAlwaysDrawn) {
  const Zipf zipf(1, 0.9);
  for (uint64_t i = 0; i < 100; ++i) EXPECT_EQ(zipf.Draw(i), 0u);
}

TEST(ZipfTest, BillionsOfRanksNeedNoTable) {
  const Zipf zipf(3000000000ull, 0.9);
  uint64_t largest = 0;
  for (uint64_t i = 0; i < 10000; ++i) {
    largest = std::max(largest, zipf.Draw(Random(2, RandomPurpose::kTest, i)));
  }
  EXPECT_GT(largest, 2500000000ull);
  EXPECT_LT(largest, 3000000000ull);
}

}  // namespace
}  // namespace chorus::worker
