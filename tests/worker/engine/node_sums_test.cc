#include "worker/engine/node_sums.h"

#include <gtest/gtest.h>

#include "common/random.h"

namespace chorus::worker {
namespace {

// Terms whose sum depends on the order.
double Value(uint32_t grain, uint32_t column) {
  return ToUniform(Random(1, RandomPurpose::kTest, grain, column)) * (grain % 2 == 0 ? 1e9 : 1);
}

TEST(NodeSumsTest, DoublesSumAlongTheTreeOverEachNode) {
  GrainDoubles doubles(MaximalNodes({1, 8}));  // nodes 1; 2-3; 4-7
  for (const uint32_t columns : {3u, 0u, 2u}) {
    doubles.Reset(columns);
    for (uint32_t g = 1; g < 8; ++g) {
      for (uint32_t c = 0; c < columns; ++c) doubles.grain(g - 1)[c] = Value(g, c);
    }
    for (int again = 0; again < 2; ++again) {  // sums leave the grains as they are
      const TreeTerms terms = doubles.Terms();
      ASSERT_EQ(terms.nodes, MaximalNodes({1, 8}));
      EXPECT_EQ(terms.floats.cols, 0);
      ASSERT_EQ(terms.doubles.rows, 3);
      ASSERT_EQ(terms.doubles.cols, columns);
      for (uint32_t c = 0; c < columns; ++c) {
        const auto v = [&](uint32_t g) { return Value(g, c); };
        EXPECT_EQ(terms.doubles.row(0)[c], v(1));
        EXPECT_EQ(terms.doubles.row(1)[c], v(2) + v(3));
        EXPECT_EQ(terms.doubles.row(2)[c], (v(4) + v(5)) + (v(6) + v(7)));
      }
    }
  }
}

TEST(NodeSumsTest, AWorkerWithoutGrainsHasNoTerms) {
  GrainDoubles doubles({}, 4);
  EXPECT_EQ(doubles.Terms().doubles.rows, 0);
}

}  // namespace
}  // namespace chorus::worker
