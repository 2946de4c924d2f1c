#include <functional>
#include <thread>

#include <gtest/gtest.h>

#include "tests/worker/collective/collective_checks.h"

namespace chorus::worker::testing {
namespace {

constexpr double kDeadlineSeconds = 30;

void OnEveryRank(uint32_t ranks, const std::function<void(Collective&)>& work) {
  auto collectives = NewLocalCollectives(ranks, kDeadlineSeconds);
  std::vector<std::jthread> threads;
  for (auto& collective : collectives) {
    threads.emplace_back([&work, &collective] { work(*collective); });
  }
}

TEST(TreeSum, EqualsThePlainTreeBitForBitForAnyNumberOfRanks) {
  for (const uint32_t grains : {1u, 2u, 4u, 8u, 16u}) {
    for (const size_t n : {0u, 1u, 7u, 1000u, 100003u}) {
      if (n == 100003 && grains != 4 && grains != 16) continue;
      const SumCase c(grains, n, n / 2, 11);
      for (uint32_t ranks = 1; ranks <= 8; ++ranks) {
        OnEveryRank(ranks, [&](Collective& collective) { CheckOwnGrains(collective, c); });
      }
    }
  }
}

TEST(TreeSum, EqualsThePlainTreeForRangesThatCutSubtrees) {
  const SumCase c(16, 5000, 3000, 12);
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const uint32_t first = ToBelow(Random(seed, RandomPurpose::kTest, 1), 17);
    const uint32_t second = first + ToBelow(Random(seed, RandomPurpose::kTest, 2), 17 - first);
    const GrainRange ranges[] = {{0, first}, {first, second}, {second, 16}};
    OnEveryRank(
        3, [&](Collective& collective) { CheckTreeSum(collective, c, ranges[collective.rank()]); });
  }
}

TEST(TreeSum, KeepsItsBuffersAndItsBitsOverManySumsOfChangingSize) {
  std::vector<std::unique_ptr<SumCase>> cases;
  for (const size_t n : {3u, 9000u, 0u, 4097u, 20000u, 1u}) {
    cases.push_back(std::make_unique<SumCase>(8, n, 20000 - n, n));
  }
  OnEveryRank(3, [&](Collective& collective) {
    for (int round = 0; round < 5; ++round) {
      for (const auto& c : cases) CheckOwnGrains(collective, *c);
    }
  });
}

TEST(TreeSum, SendsWhatItsSizesForetell) {
  for (const uint32_t ranks : {1u, 2u, 3u, 5u}) {
    for (const size_t floats : {0u, 10u, 3000u, 40000u}) {
      const SumCase c(8, floats, 7, 3);
      OnEveryRank(ranks, [&](Collective& collective) {
        CheckOwnGrains(collective, c);
        const GrainRange own = GrainsOfWorker(collective.rank(), ranks, 8);
        const auto nodes = static_cast<uint32_t>(MaximalNodes(own).size());
        EXPECT_EQ(collective.sum_traffic(),
                  TrafficOfTreeSum(collective.rank(), ranks, nodes, floats, 7))
            << "rank " << collective.rank() << " of " << ranks << ", " << floats;
      });
    }
  }
}

// A skipped term leaves -0 as it is; one added as zero would turn it into +0.
TEST(TreeSum, SkipsAbsentGrainsInsteadOfAddingZero) {
  SumCase c(8, 10, 10, 13);
  for (uint32_t g = 0; g < 8; ++g) {
    const bool present = g == 2 || g == 5;
    c.floats[g].assign(present ? 10 : 0, -0.0f);
    c.doubles[g].assign(present ? 10 : 0, -0.0);
  }
  c.float_sum.assign(10, -0.0f);
  c.double_sum.assign(10, -0.0);
  for (uint32_t ranks = 1; ranks <= 8; ++ranks) {
    OnEveryRank(ranks, [&](Collective& collective) { CheckOwnGrains(collective, c); });
  }
}

TEST(TreeSum, OfNoTermsAtAllIsZero) {
  OnEveryRank(2, [](Collective& collective) {
    std::vector<float> floats(5, 1);
    std::vector<double> doubles(3, 1);
    ASSERT_TRUE(collective.BeginTreeSum({}, 8, floats, doubles).ok());
    ASSERT_TRUE(collective.FinishTreeSum().ok());
    EXPECT_EQ(floats, std::vector<float>(5, 0));
    EXPECT_EQ(doubles, std::vector<double>(3, 0));
  });
}

// Small integers add exactly in any order, so that this test knows the sum without a tree.
TEST(TreeSum, OfExactNumbersIsTheirSum) {
  const uint32_t grains = 16;
  const size_t n = 12345;
  GrainVectors<float> floats(grains, std::vector<float>(n));
  const GrainVectors<double> doubles(grains, std::vector<double>(1, 0.5));
  for (uint32_t g = 0; g < grains; ++g) {
    for (size_t i = 0; i < n; ++i) floats[g][i] = static_cast<float>(g * 100 + i % 100);
  }
  OnEveryRank(5, [&](Collective& collective) {
    const WorkerTerms terms(floats, doubles, GrainsOfWorker(collective.rank(), 5, grains), n, 1);
    std::vector<float> sum(n);
    std::vector<double> half(1);
    ASSERT_TRUE(collective.BeginTreeSum(terms.get(), grains, sum, half).ok());
    ASSERT_TRUE(collective.FinishTreeSum().ok());
    for (size_t i = 0; i < n; ++i) {
      ASSERT_EQ(sum[i], static_cast<float>(100 * (15 * 16 / 2) + 16 * (i % 100))) << i;
    }
    EXPECT_EQ(half[0], 8.0);
  });
}

TEST(TreeSum, OfUnlikeSizesIsAnErrorThatSaysWhoDiffers) {
  OnEveryRank(3, [](Collective& collective) {
    std::vector<float> floats(collective.rank() == 2 ? 6 : 5);
    ASSERT_TRUE(collective.BeginTreeSum({}, 8, floats, {}).ok());
    const Status status = collective.FinishTreeSum();
    EXPECT_EQ(status.code(), Code::kInternal);
    EXPECT_NE(status.message().find("rank 2"), std::string::npos) << status.ToString();
    EXPECT_NE(status.message().find("6 floats"), std::string::npos) << status.ToString();
  });
}

TEST(TreeSum, OfGrainsThatTwoRanksClaimIsAnError) {
  const SumCase c(8, 4, 4, 14);
  OnEveryRank(2, [&](Collective& collective) {
    const WorkerTerms terms(c.floats, c.doubles, {0, 8}, 4, 4);
    std::vector<float> floats(4);
    std::vector<double> doubles(4);
    ASSERT_TRUE(collective.BeginTreeSum(terms.get(), 8, floats, doubles).ok());
    EXPECT_EQ(collective.FinishTreeSum().code(), Code::kInternal);
  });
}

TEST(TreeSum, OverGrainsThatAreNoPowerOfTwoIsRefused) {
  std::vector<float> floats(4);
  EXPECT_EQ(NewSingleCollective()->BeginTreeSum({}, 6, floats, {}).code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace chorus::worker::testing
