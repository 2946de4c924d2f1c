#include "worker/model/padded_contexts.h"

#include <gtest/gtest.h>

namespace chorus::worker {
namespace {

TEST(PaddedContextsTest, AreFewSizes) {
  EXPECT_EQ(PaddedContexts(0, 512), 0);
  EXPECT_EQ(PaddedContexts(1, 512), 8);
  EXPECT_EQ(PaddedContexts(9, 512), 12);
  EXPECT_EQ(PaddedContexts(13, 512), 16);
  EXPECT_EQ(PaddedContexts(33, 512), 48);
  EXPECT_EQ(PaddedContexts(500, 510), 510);
}

}  // namespace
}  // namespace chorus::worker
