#include "launch/job/binding.h"

#include <gtest/gtest.h>

namespace chorus::launch {
namespace {

TEST(Binding, CoresPrintAsRanges) {
  EXPECT_EQ(FormatCores({0, 1, 2, 3, 8}), "0-3,8");
  EXPECT_EQ(FormatCores({5}), "5");
  EXPECT_EQ(FormatCores({}), "");
}

TEST(Binding, ThisProcessMayRunSomewhere) { EXPECT_FALSE(AllowedCores().empty()); }

TEST(Binding, RankBoundToOneCoreWithTwoThreadsIsWarnedAndToldTheRemedy) {
  const std::string warning = BindingWarning({3}, 8, 2);
  EXPECT_NE(warning.find("--bind-to none"), std::string::npos);
  EXPECT_NE(warning.find("1 of 8 cores (3)"), std::string::npos);
}

TEST(Binding, NothingIsWrongWithACoreAThread) {
  EXPECT_EQ(BindingWarning({0, 1}, 8, 2), "");
  EXPECT_EQ(BindingWarning({0}, 8, 1), "");
}

TEST(Binding, MoreThreadsThanTheMachineHasCoresIsTheUsersWish) {
  EXPECT_EQ(BindingWarning({0, 1}, 2, 16), "");
}

}  // namespace
}  // namespace chorus::launch
