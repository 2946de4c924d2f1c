// Over several hosts a job finds its servers by itself, whatever networks there are, and computes the
// bits of one process; what cannot work is refused before the first step, with its host.

#include "tests/cluster/hosts_testing.h"

namespace chorus::cluster {
namespace {

constexpr char kJob[] =
    "objective { chorus_cvr {} } step { pull_ahead: 1 } checkpoint { every_steps: 3 }";

TEST_F(HostsTest, AnyLayoutTrainsTheBitsOfOneProcess) {
  // Names that do not resolve, two networks, and docker's bridge, the same on each and the first.
  MAKE_HOSTS_OR_SKIP({.hosts = 4, .networks = 2, .docker = true});
  const e2e::Outcome one = OneProcess(kJob);
  EXPECT_GT(one.state.size(), 1000u);
  const struct {
    const char* run;
    Ranks ranks;
    std::vector<std::string> sets;
  } jobs[] = {
      {"dedicated-1-2", {{"h1", 1}, {"h2", 1}, {"h3", 1}}, {}},
      {"dedicated-2-3",
       {{"h1", 1}, {"h2", 1}, {"h3", 2}, {"h4", 1}},
       {"--set", "cluster.servers=2", "--set", "cluster.shards=5"}},
      {"colocated-3", {{"h1", 1}, {"h2", 2}}, {"--set", "cluster.placement=COLOCATED"}},
  };
  for (const auto& job : jobs) {
    ExpectSuccess(Train(job.run, job.ranks, job.sets, kJob));
    ExpectSame(job.run, one);
  }
}

TEST_F(HostsTest, OfIPv6AloneTrainTheSameBits) {
  MAKE_HOSTS_OR_SKIP({.hosts = 2, .ipv4 = false, .ipv6 = true});
  ExpectSuccess(Train("run", {{"h1", 2}, {"h2", 1}}));
  ExpectSame("run", OneProcess());
}

TEST_F(HostsTest, ServersListenInTheNetworkThatIsSet) {
  MAKE_HOSTS_OR_SKIP({.hosts = 2, .networks = 2, .ipv6 = true});
  const e2e::Outcome one = OneProcess();
  for (const char* address : {"10.77.1.0/24", "eth1", "fd77:0::/64"}) {
    const std::string run = StrCat("run", address[0], address[1]);
    ExpectSuccess(Train(run, {{"h1", 1}, {"h2", 1}},
                        {"--set", StrCat("cluster.listen_address=", address), "--set",
                         "cluster.placement=COLOCATED"}));
    ExpectSame(run, one);
  }
  ExpectFailure(Train("wrong", {{"h1", 1}, {"h2", 1}}, {"--set", "cluster.listen_address=eth7"}),
                "cluster.listen_address on h1: \"eth7\" is no address, subnet or interface here; "
                "there are lo 127.0.0.1/8, eth0 10.77.0.1/24");
}

TEST_F(HostsTest, AFolderThatIsNotSharedIsFoundBeforeTheFirstStep) {
  MAKE_HOSTS_OR_SKIP({.hosts = 3});
  ASSERT_TRUE(files_.CreateDirectories(Path("run/ckpt")).ok());
  hosts_->Hide(2, Path("run/ckpt"));
  const test::Finished finished =
      Train("run", {{"h1", 1}, {"h2", 1}, {"h3", 1}}, {"--set", "cluster.servers=2"});
  ExpectFailure(finished, "checkpoint.directory: " + Path("run/ckpt") + " must be one folder");
  EXPECT_NE(finished.errors.find("rank 1 on h2 sees another folder"), std::string::npos)
      << finished.errors;
  EXPECT_EQ(finished.errors.find("h3 sees"), std::string::npos) << finished.errors;
  EXPECT_FALSE(files_.Exists(Path("run/metrics.jsonl")));
}

}  // namespace
}  // namespace chorus::cluster
