#include "launch/plan/key_sketch.h"

#include <gtest/gtest.h>

#include <cmath>

namespace chorus::launch {
namespace {

TEST(KeySketch, EstimatesFewAndManyDistinctKeysWithinTwoPercent) {
  for (const uint64_t distinct : {1ull, 10ull, 1000ull, 50000ull, 200000ull, 2000000ull}) {
    KeySketch sketch;
    for (uint64_t id = 0; id < distinct; ++id) sketch.Add(MakeKey(7, id));
    for (uint64_t id = 0; id < distinct; id += 3) sketch.Add(MakeKey(7, id));  // seen before
    const double expected = static_cast<double>(distinct);
    EXPECT_NEAR(sketch.Estimate(), expected, 0.02 * expected) << distinct;
  }
}

TEST(KeySketch, IsEmptyWithoutKeys) { EXPECT_EQ(KeySketch().Estimate(), 0); }

TEST(KeySketch, MergesToThatOfTheWholeStream) {
  KeySketch whole, first, second;
  for (uint64_t id = 0; id < 30000; ++id) {
    whole.Add(MakeKey(1, id));
    (id < 20000 ? first : second).Add(MakeKey(1, id));
    if (id % 5 == 0) second.Add(MakeKey(1, id));
  }
  second.Merge(first);
  EXPECT_EQ(second.Estimate(), whole.Estimate());
}

}  // namespace
}  // namespace chorus::launch
