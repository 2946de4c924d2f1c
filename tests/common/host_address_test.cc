#include "common/host_address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "common/node_name.h"

namespace chorus {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const HostAddress kLoopback{.interface = "lo", .text = "127.0.0.1", .prefix = 8, .loopback = true};
const HostAddress kFast{.interface = "ib0", .text = "10.1.0.7", .prefix = 16};
const HostAddress kSlow{.interface = "eth0", .text = "192.168.5.7", .prefix = 24};
const HostAddress kV6{.interface = "eth0", .text = "fd00::7", .prefix = 64};
const HostAddress kLocal{.interface = "eth0", .text = "fe80::1", .prefix = 64, .link_local = true};
const HostAddress kDocker{
    .interface = "docker0", .text = "172.17.0.1", .prefix = 16, .doubtful = true};
const std::vector<HostAddress> kHost = {kLoopback, kDocker, kV6, kLocal, kFast, kSlow};

std::vector<std::string> Texts(const std::vector<HostAddress>& addresses) {
  std::vector<std::string> texts;
  for (const HostAddress& address : addresses) texts.push_back(address.text);
  return texts;
}

std::vector<std::string> Chosen(const std::string& setting) {
  const auto chosen = ChooseAddresses(setting, kHost);
  EXPECT_TRUE(chosen.ok()) << chosen.status().ToString();
  return chosen.ok() ? Texts(*chosen) : std::vector<std::string>();
}

TEST(HostAddress, ASettingMayBeAnAddressASubnetOrAnInterface) {
  EXPECT_THAT(Chosen("10.1.0.7"), ElementsAre("10.1.0.7"));
  EXPECT_THAT(Chosen("10.0.0.0/8"), ElementsAre("10.1.0.7"));
  EXPECT_THAT(Chosen("10.1.0.6/31"), ElementsAre("10.1.0.7"));
  EXPECT_THAT(Chosen("fd00::/8"), ElementsAre("fd00::7"));
  EXPECT_THAT(Chosen("fd00:0:0:0:0:0:0:7"), ElementsAre("fd00::7"));
  EXPECT_THAT(Chosen("eth0"), ElementsAre("192.168.5.7", "fd00::7"));
  EXPECT_THAT(Chosen("localhost"), ElementsAre("127.0.0.1"));
}

TEST(HostAddress, ASubnetThatHoldsABridgeOrLoopbackTooMeansThemLast) {
  const std::vector<HostAddress> own = {
      kLoopback, kDocker, kLocal, {.interface = "eth0", .text = "172.20.0.7", .prefix = 16}};
  const auto chosen = [&](const char* setting) {
    const auto addresses = ChooseAddresses(setting, own);
    return addresses.ok() ? Texts(*addresses) : std::vector<std::string>();
  };
  EXPECT_THAT(chosen("172.16.0.0/12"), ElementsAre("172.20.0.7", "172.17.0.1"));
  EXPECT_THAT(chosen("0.0.0.0/0"), ElementsAre("172.20.0.7", "172.17.0.1", "127.0.0.1"));
}

TEST(HostAddress, WithoutASettingAllAreToldThatOthersMayReachDoubtfulOnesLast) {
  EXPECT_THAT(Chosen(""), ElementsAre("10.1.0.7", "192.168.5.7", "fd00::7", "172.17.0.1"));
}

TEST(HostAddress, ASettingThatMeansNothingHereIsToldWhatThereIs) {
  for (const char* setting : {"10.2.0.7", "10.1.0.6/32", "fd01::/64", "eth7", "10.1.0.0/33",
                              "10.1.0.0/x", "no-such-host.invalid", "/16", "10.1.0/24"}) {
    const auto chosen = ChooseAddresses(setting, kHost);
    ASSERT_FALSE(chosen.ok()) << setting;
    EXPECT_EQ(chosen.status().code(), Code::kInvalidArgument);
    EXPECT_THAT(chosen.status().message(), HasSubstr("ib0 10.1.0.7/16")) << setting;
  }
}

TEST(HostAddress, NetworksAreComparedByTheirPrefix) {
  const auto in = [](const char* text, uint32_t prefix) {
    return HostAddress{.interface = "x", .text = text, .prefix = prefix};
  };
  EXPECT_TRUE(SameNetwork(kFast, in("10.1.255.1", 16)));
  EXPECT_FALSE(SameNetwork(kFast, in("10.2.0.7", 16)));
  EXPECT_FALSE(SameNetwork(kFast, in("10.1.0.8", 24)));  // not the same network's
  EXPECT_TRUE(SameNetwork(in("10.1.0.7", 20), in("10.1.15.1", 20)));
  EXPECT_FALSE(SameNetwork(in("10.1.0.7", 20), in("10.1.16.1", 20)));
  EXPECT_FALSE(SameNetwork(kFast, kV6));
  EXPECT_FALSE(SameNetwork(in("nonsense", 16), kFast));
}

TEST(HostAddress, AnotherHostIsTriedInCommonNetworksFirstAndNeverAtOurOwnAddress) {
  const std::vector<HostAddress> own = {
      kLoopback, kDocker, {.interface = "eth0", .text = "192.168.5.8", .prefix = 24}};
  EXPECT_THAT(Texts(ByLikelihood({kDocker, kFast, kV6, kSlow}, own)),
              ElementsAre("192.168.5.7", "10.1.0.7", "fd00::7"));
  // A host that has nothing else is tried where it says.
  EXPECT_THAT(Texts(ByLikelihood({kDocker}, own)), ElementsAre("172.17.0.1"));
}

TEST(HostAddress, ThisMachineHasALoopbackAndOneIdentity) {
  const std::vector<HostAddress> own = OwnAddresses();
  EXPECT_TRUE(std::any_of(own.begin(), own.end(), [](const auto& a) { return a.loopback; }));
  EXPECT_EQ(NetworkIdentity(), NetworkIdentity());
  EXPECT_THAT(NetworkIdentity(), testing::EndsWith("-" + NodeName()));
  EXPECT_EQ(NetworkIdentity().find(' '), std::string::npos);
}

TEST(HostAddress, EndpointsOfIPv6HaveBrackets) {
  EXPECT_EQ(EndpointText("10.0.0.7", 80), "10.0.0.7:80");
  EXPECT_EQ(EndpointText("fd00::7", 80), "[fd00::7]:80");
}

}  // namespace
}  // namespace chorus
