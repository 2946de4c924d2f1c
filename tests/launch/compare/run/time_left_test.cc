#include "launch/compare/run/runner.h"

#include <gtest/gtest.h>

namespace chorus::launch {
namespace {

TEST(TimeLeftTest, TakesAMethodsOwnTimeAndElseTheMeanOfAll) {
  TimeLeft left;
  for (const char* method : {"fast", "slow", "new"}) left.Plan(method);
  EXPECT_EQ(left.Text(), "");  // nothing is known
  left.Measure("fast", 10);
  left.Measure("slow", 50);
  EXPECT_EQ(left.Text(), "90 s");  // 10 + 50 + 30
  left.Finish("new", 600);
  left.Plan("new");
  left.Plan("new");
  EXPECT_EQ(left.Text(), "21 min 0 s");
  for (const char* method : {"new", "new", "slow", "fast"}) left.Finish(method, 1);
  EXPECT_EQ(left.Text(), "");
}

}  // namespace
}  // namespace chorus::launch
