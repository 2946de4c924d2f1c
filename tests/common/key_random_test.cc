#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "common/key.h"
#include "common/random.h"

namespace chorus {
namespace {

// Logs and checkpoints hold these numbers: they never change.
TEST(Key, GoldenValuesNeverChange) {
  EXPECT_EQ(Mix(0), 0u);
  EXPECT_EQ(Mix(1), 0x5692161d100b05e5);
  EXPECT_EQ(Mix(0x9e3779b97f4a7c15), 0xe220a8397b1dcdaf);  // splitmix64's first output from seed 0
  EXPECT_EQ(SpaceSeed(""), Mix(0xef46db3751d8e999));       // XXH64 of nothing
  EXPECT_EQ(SpaceSeed("205"), 0xac6ad5cda7420a53);
  EXPECT_EQ(MakeKey(SpaceSeed("205"), 12345), 0x55993b45259efb49);
  EXPECT_EQ(IdFromText("red"), 0xd1d784bb12e4656a);
  EXPECT_EQ(ShardOf(MakeKey(SpaceSeed("205"), 12345), 64), 60u);
}

TEST(Key, CanonicalIntegersAreIntegersAndAllElseIsText) {
  EXPECT_EQ(IdFromText("0"), 0u);
  EXPECT_EQ(IdFromText("42"), 42u);
  EXPECT_EQ(IdFromText("-1"), ~uint64_t{0});
  EXPECT_EQ(IdFromText("18446744073709551615"), ~uint64_t{0});
  EXPECT_EQ(IdFromText("-9223372036854775808"), uint64_t{1} << 63);
  for (const char* text : {"", "-", "-0", "007", "+1", " 1", "1 ", "1.0", "18446744073709551616"}) {
    EXPECT_GT(IdFromText(text), uint64_t{1} << 32) << text;
  }
  EXPECT_NE(IdFromText("007"), IdFromText("7"));
}

TEST(Key, IntegersOfASpaceNeverCollide) {
  std::set<Key> keys;
  for (uint64_t id = 0; id < 10000; ++id) keys.insert(MakeKey(SpaceSeed("a"), id));
  EXPECT_EQ(keys.size(), 10000u);
  EXPECT_FALSE(keys.contains(MakeKey(SpaceSeed("b"), 1)));
}

TEST(Key, ShardsAreInRangeAndEven) {
  constexpr uint32_t kShards = 7;
  std::vector<int> counts(kShards, 0);
  for (uint64_t id = 0; id < 7000; ++id) {
    const uint32_t shard = ShardOf(MakeKey(SpaceSeed("a"), id), kShards);
    ASSERT_LT(shard, kShards);
    ++counts[shard];
  }
  // 1000 each, standard deviation 29.
  for (const int count : counts) EXPECT_NEAR(count, 1000, 150);
  EXPECT_EQ(ShardOf(123, 1), 0u);
}

TEST(Random, GoldenValuesNeverChange) {
  EXPECT_EQ(Random(1, RandomPurpose::kRowInitializer), 0xf18d6ce93d6cf1ee);
  EXPECT_EQ(Random(1, RandomPurpose::kRowInitializer, 2u, 3u, 4u), 0x48a4a43b24e97090);
  EXPECT_EQ(RandomPermutation(6, 1, RandomPurpose::kTest, 2, 3),
            (std::vector<uint32_t>{2, 1, 5, 3, 0, 4}));
  EXPECT_EQ(ToNormal(Random(1, RandomPurpose::kTest)), -0x1.6338c2e4bbb41p-1);
}

TEST(Random, EveryCounterAndItsPlaceMatters) {
  std::set<uint64_t> draws;
  for (uint64_t a = 0; a < 10; ++a) {
    for (uint64_t b = 0; b < 10; ++b) {
      for (const uint64_t seed : {1, 2}) {
        draws.insert(Random(seed, RandomPurpose::kTest, a, b));
        draws.insert(Random(seed, RandomPurpose::kSplit, a, b));
      }
    }
  }
  EXPECT_EQ(draws.size(), 400u);
}

TEST(Random, UniformsCoverTheirIntervals) {
  EXPECT_EQ(ToUniform(0), 0);
  EXPECT_LT(ToUniform(~uint64_t{0}), 1);
  EXPECT_GT(ToOpenUniform(0), 0);
  EXPECT_LT(ToOpenUniform(~uint64_t{0}), 1);
  EXPECT_EQ(ToBelow(0, 5), 0u);
  EXPECT_EQ(ToBelow(~uint64_t{0}, 5), 4u);
}

TEST(Random, NormalsInvertTheDistribution) {
  EXPECT_NEAR(ToNormal(uint64_t{1} << 63), 0, 1e-15);
  for (int i = 0; i < 1000; ++i) {
    const uint64_t bits = Random(5, RandomPurpose::kTest, i);
    const double p = 0.5 * std::erfc(-ToNormal(bits) / std::sqrt(2.0));
    EXPECT_NEAR(p, ToOpenUniform(bits), 1e-14);
  }
  EXPECT_TRUE(std::isfinite(ToNormal(0)));
  EXPECT_DOUBLE_EQ(ToNormal(0), -ToNormal(~uint64_t{0}));
}

TEST(Random, PermutationsAreThose) {
  for (uint32_t n : {0u, 1u, 2u, 100u}) {
    std::vector<uint32_t> order = RandomPermutation(n, 1, RandomPurpose::kTest, 0, 0);
    std::sort(order.begin(), order.end());
    ASSERT_EQ(order.size(), n);
    for (uint32_t i = 0; i < n; ++i) EXPECT_EQ(order[i], i);
  }
  EXPECT_NE(RandomPermutation(100, 1, RandomPurpose::kTest, 0, 0),
            RandomPermutation(100, 1, RandomPurpose::kTest, 0, 1));
}

}  // namespace
}  // namespace chorus
