#include "worker/statistics/order.h"

#include <gtest/gtest.h>

#include <cmath>
#include <tuple>

#include "tests/worker/statistics/statistics_testing.h"

namespace chorus::worker::testing {
namespace {

TEST(LowestPartTest, EqualScoresAtTheEdgeAreInByRowId) {
  const std::vector<double> scores = {0, 5, 0, 0, -1, 0, 7, 8, 9, 6};
  const std::vector<uint64_t> ids = {40, 1, 30, 10, 90, 20, 2, 3, 4, 5};
  EXPECT_EQ(LowestPart(scores, ids, 10), (std::vector<uint32_t>{4}));
  EXPECT_EQ(LowestPart(scores, ids, 3), (std::vector<uint32_t>{3, 4, 5}));  // ids 10, 90, 20
  EXPECT_EQ(LowestPart(scores, std::vector<uint64_t>(10, 7), 3),
            (std::vector<uint32_t>{0, 2, 4}));  // equal ids: by number
}

TEST(LowestPartTest, IsThatOfASort) {
  for (const uint64_t seed : {1, 2, 3}) {
    std::vector<double> scores;
    std::vector<uint64_t> ids;
    std::vector<std::tuple<double, uint64_t, uint32_t>> sorted;
    for (uint32_t i = 0; i < 205; ++i) {
      scores.push_back(std::floor(30 * TestUniform(seed, i, 0)));
      ids.push_back(static_cast<uint64_t>(50 * TestUniform(seed, i, 1)));
      sorted.emplace_back(scores[i], ids[i], i);
    }
    std::sort(sorted.begin(), sorted.end());
    std::vector<uint32_t> lowest;
    for (size_t k = 0; k < 20; ++k) lowest.push_back(std::get<2>(sorted[k]));
    std::sort(lowest.begin(), lowest.end());
    EXPECT_EQ(LowestPart(scores, ids, 10), lowest);
  }
}

TEST(LowestPartTest, HasARowOfAnyAndNoneOfNone) {
  EXPECT_EQ(LowestPart(std::vector<double>{3, 1}, std::vector<uint64_t>{1, 2}, 10),
            (std::vector<uint32_t>{1}));
  EXPECT_TRUE(LowestPart({}, {}, 10).empty());
}

}  // namespace
}  // namespace chorus::worker::testing
