#include "worker/statistics/bootstrap.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "tests/worker/statistics/statistics_testing.h"

namespace chorus::worker::testing {
namespace {

// The mean of group values: its bootstrap variance is known in closed form.
class MeanOfValues final : public ResampledMetric {
 public:
  explicit MeanOfValues(std::vector<double> values) : values_(std::move(values)) {}
  std::optional<double> Value(std::span<const uint8_t> counts) const override {
    double sum = 0, total = 0;
    for (size_t g = 0; g < values_.size(); ++g) {
      sum += counts[g] * values_[g];
      total += counts[g];
    }
    if (total == 0) return std::nullopt;
    return sum / total;
  }

 private:
  std::vector<double> values_;
};

std::vector<uint64_t> Ids(uint64_t n) {
  std::vector<uint64_t> ids(n);
  std::iota(ids.begin(), ids.end(), uint64_t{1000});
  return ids;
}

std::vector<double> Normals(uint64_t seed, uint64_t n) {
  std::vector<double> out;
  for (uint64_t i = 0; i < n; ++i) out.push_back(TestNormal(seed, i, 0));
  return out;
}

std::vector<MetricDraws> DrawOne(const ResampledMetric& metric, uint64_t groups, uint32_t threads,
                                 uint32_t replicates) {
  const auto pool = ThreadPool::Create(threads).value();
  const ResampledMetric* const metrics[] = {&metric};
  return DrawReplicates(metrics, Ids(groups), {.seed = 5, .replicates = replicates}, pool.get());
}

TEST(BootstrapTest, CountsArePoissonOne) {
  constexpr int kDraws = 200000;
  double frequency[6] = {}, expected = std::exp(-1.0);
  for (int i = 0; i < kDraws; ++i) {
    const uint8_t count = GroupCount(3, static_cast<uint32_t>(i % 100), static_cast<uint64_t>(i));
    if (count < 6) frequency[count] += 1.0 / kDraws;
  }
  for (int k = 0; k < 6; ++k) {
    EXPECT_NEAR(frequency[k], expected, 4 * std::sqrt(expected / kDraws)) << k;
    expected /= k + 1;
  }
}

TEST(BootstrapTest, StandardErrorOfAMeanIsTheKnownOne) {
  const std::vector<double> values = Normals(1, 400);
  const auto draws = DrawOne(MeanOfValues(values), 400, 2, 4000);
  const MetricDraws* const one[] = {&draws[0]};
  const auto got = ContrastError(one, std::vector<double>{1});
  double mean = 0, squares = 0;
  for (const double v : values) mean += v / 400;
  EXPECT_NEAR(*draws[0].value, mean, 1e-12);
  for (const double v : values) squares += (v - mean) * (v - mean) / 400;
  ASSERT_TRUE(got.has_value());
  EXPECT_NEAR(*got / std::sqrt(squares / 400), 1, 0.04);
}

TEST(BootstrapTest, ADifferenceVariesAsThePairsDo) {
  // The second run is the first plus little noise: unpaired, the difference would vary as sqrt(2)
  // means do.
  const std::vector<double> first = Normals(2, 300), noise = Normals(3, 300);
  std::vector<double> second;
  for (size_t i = 0; i < 300; ++i) second.push_back(first[i] + 0.05 * noise[i]);
  const auto a = DrawOne(MeanOfValues(first), 300, 1, 1000);
  const auto b = DrawOne(MeanOfValues(second), 300, 1, 1000);  // made alone, paired all the same
  const MetricDraws* const both[] = {&b[0], &a[0]};
  const auto got = ContrastError(both, std::vector<double>{1, -1});
  EXPECT_NEAR(*got, 0.05 / std::sqrt(300.0), 0.0004);
}

TEST(BootstrapTest, TheSameBitsWithAnyNumberOfThreads) {
  const std::vector<double> values = Normals(4, 50);
  const auto one = DrawOne(MeanOfValues(values), 50, 1, 200);
  const auto four = DrawOne(MeanOfValues(values), 50, 4, 200);
  EXPECT_EQ(memcmp(one[0].draws.data(), four[0].draws.data(), 200 * sizeof(double)), 0);
}

TEST(BootstrapTest, IntervalCoversTheTruthInAboutNinetyFivePercent) {
  int covered = 0;
  constexpr int kTrials = 400;
  const auto pool = ThreadPool::Create(2).value();
  for (int trial = 0; trial < kTrials; ++trial) {
    const MeanOfValues metric(Normals(100 + static_cast<uint64_t>(trial), 80));
    const ResampledMetric* const metrics[] = {&metric};
    const auto draws = DrawReplicates(
        metrics, Ids(80), {.seed = static_cast<uint64_t>(trial), .replicates = 300}, pool.get());
    const MetricDraws* const one[] = {&draws[0]};
    const double error = *ContrastError(one, std::vector<double>{1});
    covered += std::abs(*draws[0].value) <= 1.96 * error;
  }
  EXPECT_NEAR(covered / double{kTrials}, 0.94, 0.035);
}

TEST(BootstrapTest, UndefinedReplicatesAreLeftOutAndTooManyOfThemGiveNothing) {
  MetricDraws draws{1.0, {1, 2, 3, std::numeric_limits<double>::quiet_NaN()}};
  const MetricDraws* const one[] = {&draws};
  const std::vector<double> coefficient = {1};
  EXPECT_EQ(ContrastError(one, coefficient), 1);  // of 1, 2, 3
  draws.draws[0] = draws.draws[1] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(ContrastError(one, coefficient).has_value());
  draws.draws = {1, 2, 3, 4};
  draws.value.reset();
  EXPECT_FALSE(ContrastError(one, coefficient).has_value());
}

}  // namespace
}  // namespace chorus::worker::testing
