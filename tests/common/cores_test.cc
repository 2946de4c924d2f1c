#include "common/cores.h"

#include <gtest/gtest.h>

namespace chorus {
namespace {

TEST(CoresTest, ThisProcessMayRunSomewhereOnTheMachine) {
  EXPECT_FALSE(AllowedCores().empty());
  EXPECT_LE(AllowedCores().size(), MachineCores());
}

TEST(CoresTest, NoNumberOfThreadsMeansOneForEachCore) {
  EXPECT_EQ(ThreadsOrCores(3), 3u);
  EXPECT_EQ(ThreadsOrCores(0), MachineCores());
}

}  // namespace
}  // namespace chorus
