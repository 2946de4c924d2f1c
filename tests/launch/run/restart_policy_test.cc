#include "launch/run/restart_policy.h"

#include <gtest/gtest.h>

namespace chorus::launch {
namespace {

TEST(RestartPolicy, EndsWithWhatWouldComeAgain) {
  for (const int code : {0, 1, 2, 3, 126, 127}) {
    RestartPolicy policy(5);
    EXPECT_FALSE(policy.After({.code = code}).again) << code;
  }
}

TEST(RestartPolicy, GoesOnAfterALoss) {
  for (const int code : {69, 75, 134, 137, 143, 255}) {
    RestartPolicy policy(5);
    EXPECT_TRUE(policy.After({.code = code}).again) << code;
  }
  // Launchers end with 1 when a host cannot be reached.
  EXPECT_TRUE(RestartPolicy(5).After({.code = 1, .hosts_lost = true}).again);
}

TEST(RestartPolicy, EndsWhenItsUserWantsSo) {
  for (const int code : {75, 143}) {
    EXPECT_FALSE(RestartPolicy(5).After({.code = code, .stop_requested = true}).again) << code;
  }
}

TEST(RestartPolicy, CountsTheTriesThatBroughtNothing) {
  RestartPolicy policy(2);
  EXPECT_TRUE(policy.After({.code = 69}).again);
  EXPECT_TRUE(policy.After({.code = 69}).again);
  EXPECT_TRUE(policy.After({.code = 69, .progressed = true}).again);
  EXPECT_TRUE(policy.After({.code = 69}).again);
  const TryDecision last = policy.After({.code = 69});
  EXPECT_FALSE(last.again);
  EXPECT_NE(last.why.find("2 restarts brought no newer checkpoint"), std::string::npos) << last.why;
  EXPECT_FALSE(RestartPolicy(0).After({.code = 69, .progressed = true}).again);
}

TEST(RestartPolicy, WaitsLongerEachTimeAndAMinuteAtMost) {
  RestartPolicy policy(20);
  EXPECT_EQ(policy.After({.code = 69}).wait_seconds, 1);
  EXPECT_EQ(policy.After({.code = 69}).wait_seconds, 2);
  EXPECT_EQ(policy.After({.code = 69}).wait_seconds, 4);
  for (int i = 0; i < 10; ++i) EXPECT_LE(policy.After({.code = 69}).wait_seconds, 60);
  EXPECT_EQ(policy.After({.code = 69, .progressed = true}).wait_seconds, 1);
}

}  // namespace
}  // namespace chorus::launch
