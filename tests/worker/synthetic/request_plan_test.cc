#include "worker/synthetic/request_plan.h"

#include <gtest/gtest.h>

#include <map>

namespace chorus::worker {
namespace {

TEST(RequestPlanTest, RequestsTileTheExposuresInOrder) {
  RequestSpan last = RequestOfExposure(1, 0, 0);
  EXPECT_EQ(last.request, 0u);
  EXPECT_EQ(last.first_exposure, 0u);
  for (uint64_t exposure = 1; exposure < 5000; ++exposure) {
    const RequestSpan span = RequestOfExposure(1, 0, exposure);
    ASSERT_LE(span.first_exposure, exposure);
    ASSERT_LT(exposure, span.first_exposure + span.exposures);
    if (span.request != last.request) {
      ASSERT_EQ(span.request, last.request + 1);
      ASSERT_EQ(span.first_exposure, last.first_exposure + last.exposures);
    }
    last = span;
  }
}

TEST(RequestPlanTest, SizesAreEquallyLikely) {
  std::map<uint32_t, int> sizes;
  for (uint64_t exposure = 0; exposure < 100 * kCellExposures;) {
    const RequestSpan span = RequestOfExposure(1, 0, exposure);
    sizes[span.exposures] += 1;
    exposure += span.exposures;
  }
  ASSERT_EQ(sizes.size(), 20u);
  EXPECT_EQ(sizes.begin()->first, 1u);
  EXPECT_EQ(sizes.rbegin()->first, 20u);
  for (const auto& [size, count] : sizes) EXPECT_EQ(count, 100) << size;
}

TEST(RequestPlanTest, StreamsDiffer) {
  int equal = 0;
  for (uint64_t cell = 0; cell < 200; ++cell) {
    equal += RequestOfExposure(1, 0, cell * kCellExposures).exposures ==
             RequestOfExposure(1, 1, cell * kCellExposures).exposures;
  }
  EXPECT_LT(equal, 40);
}

}  // namespace
}  // namespace chorus::worker
