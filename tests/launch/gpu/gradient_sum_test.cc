// Sums of dense gradients among devices, by hand.

#include "launch/gpu/gradient_sum.h"

#include <gtest/gtest.h>

namespace chorus::gpu {
namespace {

TEST(GradientSum, OneWorkerSendsNothing) {
  EXPECT_EQ(BytesOf({1000, 1, 1, 8, true}).sent, 0);
  EXPECT_EQ(SumSeconds({1000, 1, 1, 8, true}, 1, 1), 0);
}

// 4 workers, 2 of a host: each sends 6000 bytes, a third of them to the one beside it.
TEST(GradientSum, CanonicalSumsAreSharedOutEvenlyToAllWorkers) {
  const SumBytes bytes = BytesOf({1000, 1, 4, 2, true});
  EXPECT_DOUBLE_EQ(bytes.sent, 6000);
  EXPECT_DOUBLE_EQ(bytes.inside, 2000);
  EXPECT_DOUBLE_EQ(bytes.host_away, 2 * 4000);
  // Every node of the tree is sent for itself: two of them cost one and a half times as much.
  EXPECT_DOUBLE_EQ(BytesOf({1000, 2, 4, 2, true}).sent, 9000);
}

TEST(GradientSum, ARingLeavesAHostOnce) {
  const SumBytes bytes = BytesOf({1000, 2, 4, 2, false});
  EXPECT_DOUBLE_EQ(bytes.sent, 6000);
  EXPECT_DOUBLE_EQ(bytes.inside, 6000);
  EXPECT_DOUBLE_EQ(bytes.host_away, 6000);
  EXPECT_DOUBLE_EQ(BytesOf({1000, 1, 4, 1, false}).inside, 0);
}

TEST(GradientSum, OfOneHostNothingLeavesIt) {
  for (const bool canonical : {true, false}) {
    const SumBytes bytes = BytesOf({1000, 1, 8, 8, canonical});
    EXPECT_DOUBLE_EQ(bytes.inside, 7000);
    EXPECT_DOUBLE_EQ(bytes.host_away, 0);
  }
}

// Links and the network carry at once; the slower of the two decides.
TEST(GradientSum, TheSlowerWayDecides) {
  const GradientSum sum = {1000, 1, 4, 2, true};
  const double by_links = 2000 / (1e6 * assumed::kLinkShare);
  const double by_network = 8000 / (1e6 * assumed::kNetworkShare);
  EXPECT_DOUBLE_EQ(SumSeconds(sum, 1e6, 1e12), assumed::kSumSeconds + by_links);
  EXPECT_DOUBLE_EQ(SumSeconds(sum, 1e12, 1e6), assumed::kSumSeconds + by_network);
  EXPECT_DOUBLE_EQ(SumSeconds(sum, 1e6, 1e6), assumed::kSumSeconds + by_network);
  GradientSum in_buckets = sum;
  in_buckets.buckets = 15;
  EXPECT_DOUBLE_EQ(SumSeconds(in_buckets, 1e6, 1e6), 15 * assumed::kSumSeconds + by_network);
}

}  // namespace
}  // namespace chorus::gpu
