#include "launch/job/binding.h"

#include <gtest/gtest.h>

namespace chorus::launch {
namespace {

TEST(Binding, CoresPrintAsRanges) {
  EXPECT_EQ(FormatCores({0, 1, 2, 3, 8}), "0-3,8");
  EXPECT_EQ(FormatCores({5}), "5");
  EXPECT_EQ(FormatCores({}), "");
}

TEST(Binding, ARankWantsAThreadForEachOfItsCoresUnlessItsUserSaysOtherwise) {
  EXPECT_EQ((CoreShare{{0, 1}, 0}.wanted()), 2u);
  EXPECT_EQ((CoreShare{{0, 1}, 8}.wanted()), 8u);
}

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

TEST(Binding, WorkersOfOneMachineWithMoreThreadsThanCoresAreWarned) {
  // Unbound, each with all cores; bound to one core both; as told by compute.threads.
  EXPECT_NE(SharedCoresWarning({{{0, 1}, 0}, {{0, 1}, 0}}, "node7")
                .find("the 2 ranks on node7 run 4 threads on 2 cores (0-1): set compute.threads=1"),
            std::string::npos);
  EXPECT_NE(SharedCoresWarning({{{3}, 0}, {{3}, 0}}, "node7")
                .find("2 threads on 1 core (3): start "
                      "fewer"),
            std::string::npos);
  EXPECT_NE(SharedCoresWarning({{{0, 1, 2, 3}, 4}, {{0, 1, 2, 3}, 1}}, "n").find("threads=2"),
            std::string::npos);
}

TEST(Binding, WorkersOfOneMachineWithACoreAThreadAreNotWarned) {
  EXPECT_EQ(SharedCoresWarning({{{0, 1}, 0}, {{2, 3}, 0}}, "n"), "");
  EXPECT_EQ(SharedCoresWarning({{{0, 1}, 1}, {{0, 1}, 1}}, "n"), "");
  EXPECT_EQ(SharedCoresWarning({{{0, 1}, 8}}, "n"), "");  // alone, and its user's wish
  EXPECT_EQ(SharedCoresWarning({{{}, 0}, {{}, 0}}, "n"), "");
}

TEST(Binding, ARankThatMpirunBindsToACoreOfManyIsWarnedUnlessItsUserWantsOneThread) {
  EXPECT_NE(LoneCoreWarning({{5}, 0}, 8, 2).find("--bind-to none"), std::string::npos);
  EXPECT_EQ(LoneCoreWarning({{5}, 1}, 8, 2), "");
  EXPECT_EQ(LoneCoreWarning({{5}, 0}, 2, 2), "");
  EXPECT_EQ(LoneCoreWarning({{4, 5}, 0}, 8, 2), "");
}

TEST(Binding, SharesTravelAsText) {
  const auto share = CoreShareOf(TextOf({{0, 3, 9}, 2}));
  ASSERT_TRUE(share.ok());
  EXPECT_EQ(share->cores, (std::vector<uint32_t>{0, 3, 9}));
  EXPECT_EQ(share->threads, 2u);
  EXPECT_FALSE(CoreShareOf("").ok());
  EXPECT_FALSE(CoreShareOf("1 x").ok());
}

}  // namespace
}  // namespace chorus::launch
