#include "launch/job/places.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chorus::launch {
namespace {

using testing::HasSubstr;

const HostAddress kLoopback{.interface = "lo", .text = "127.0.0.1", .prefix = 8, .loopback = true};
const HostAddress kDocker{
    .interface = "docker0", .text = "172.17.0.1", .prefix = 16, .doubtful = true};

std::vector<HostAddress> Host(int number) {
  const std::string last = std::to_string(number);
  return {kLoopback,
          kDocker,
          {.interface = "eth0", .text = "192.168.5." + last, .prefix = 24},
          {.interface = "ib0", .text = "10.1.0." + last, .prefix = 16}};
}

std::string Route(const std::string& setting, bool alone, bool near,
                  const std::vector<HostAddress>& caller) {
  const auto plan = PlanListening(setting, alone, "node7", Host(7));
  EXPECT_TRUE(plan.ok()) << plan.status().ToString();
  if (!plan.ok()) return "";
  const auto route =
      RouteTo(Announcement(*plan, "server 0", "server 0@0.0.0.0:4711"), near, caller);
  EXPECT_TRUE(route.ok()) << route.status().ToString();
  return route.ok() ? *route : "";
}

TEST(Places, RanksOfOneHostMeetOnLoopback) {
  EXPECT_EQ(PlanListening("", true, "node7", Host(7))->bind, "127.0.0.1");
  EXPECT_EQ(Route("", true, true, Host(7)), "server 0@127.0.0.1:4711");
  // Other hosts have ranks, too: neighbours still begin with loopback.
  EXPECT_EQ(Route("", false, true, Host(7)).find("server 0@127.0.0.1:4711,"), 0u);
}

TEST(Places, EarlierRanksOfAHostAreCountedFromTheFirstThatIsAsked) {
  const Place here{"node7", "a"}, container{"node7", "b"};
  const std::vector<Place> places = {here, container, here, here, container};
  EXPECT_EQ(EarlierOnHost(places, 0, 0), 0u);
  EXPECT_EQ(EarlierOnHost(places, 0, 3), 2u);
  EXPECT_EQ(EarlierOnHost(places, 2, 3), 1u);
  EXPECT_EQ(EarlierOnHost(places, 2, 4), 0u);
}

TEST(Places, OtherHostsAreTriedWhereTheyAreNear) {
  EXPECT_EQ(PlanListening("", false, "node7", Host(7))->bind, "");
  EXPECT_EQ(Route("", false, false, Host(8)), "server 0@192.168.5.7:4711,10.1.0.7:4711");
  const std::vector<HostAddress> only_fast = {kLoopback, Host(9)[3]};
  EXPECT_EQ(Route("", false, false, only_fast),
            "server 0@10.1.0.7:4711,192.168.5.7:4711,172.17.0.1:4711");
}

TEST(Places, ASettingIsBoundAndAnnouncedAlone) {
  for (const char* setting : {"10.1.0.0/16", "ib0", "10.1.0.7"}) {
    EXPECT_EQ(PlanListening(setting, false, "node7", Host(7))->bind, "10.1.0.7");
    EXPECT_EQ(Route(setting, false, false, Host(8)), "server 0@10.1.0.7:4711");
    EXPECT_EQ(Route(setting, true, true, Host(7)), "server 0@10.1.0.7:4711");
  }
}

TEST(Places, ASettingThatMeansNothingNamesTheFieldAndTheHost) {
  const Status status = PlanListening("eth7", false, "node7", Host(7)).status();
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("cluster.listen_address on node7: \"eth7\""));
}

TEST(Places, ASubnetThatHoldsDockersBridgeTooMeansTheOther) {
  const std::vector<HostAddress> own = {
      kLoopback, kDocker, {.interface = "eth0", .text = "172.20.0.7", .prefix = 16}};
  EXPECT_EQ(PlanListening("172.16.0.0/12", false, "node7", own)->bind, "172.20.0.7");
}

TEST(Places, LoopbackIsRefusedWhereOtherHostsHaveRanks) {
  for (const char* setting : {"127.0.0.1", "lo", "localhost"}) {
    EXPECT_EQ(PlanListening(setting, true, "node7", Host(7))->bind, "127.0.0.1");
    const Status status = PlanListening(setting, false, "node7", Host(7)).status();
    EXPECT_EQ(status.code(), Code::kFailedPrecondition);
    EXPECT_THAT(status.message(), HasSubstr("cluster.listen_address on node7: \""));
    EXPECT_THAT(status.message(), HasSubstr("name a network that all share"));
  }
}

TEST(Places, HostsOfOneNameOrOneNetworkAloneAreNotTheSame) {
  EXPECT_TRUE(SameHost({"localhost", "a"}, {"localhost", "a"}));
  EXPECT_FALSE(SameHost({"localhost", "a"}, {"localhost", "b"}));
  EXPECT_FALSE(SameHost({"node7", "a"}, {"node8", "a"}));
}

TEST(Places, AHostThatNobodyReachesIsAnErrorUnlessItIsAlone) {
  EXPECT_THAT(PlanListening("", false, "node7", {kLoopback}).status().message(),
              HasSubstr("cluster.listen_address on node7: no address here"));
  EXPECT_THAT(PlanListening("", false, "node7", {kLoopback}).status().message(),
              HasSubstr("lo 127.0.0.1/8"));
  EXPECT_TRUE(PlanListening("", true, "node7", {kLoopback}).ok());
}

TEST(Places, WhatIsNoAnnouncementIsAnError) {
  for (const char* text :
       {"", "server 0", "server 0\nport\nall\n10.0.0.1 8 0", "server 0\n4711\nall",
        "server 0\n4711\none\n10.0.0.1", "server 0\n70000\none\n10.0.0.1 8 0"}) {
    EXPECT_FALSE(RouteTo(text, false, Host(8)).ok()) << text;
  }
}

}  // namespace
}  // namespace chorus::launch
