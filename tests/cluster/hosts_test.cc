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
  for (const char* address : {"eth1", "fd77:0::/64"}) {
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

TEST_F(HostsTest, TheDoctorSaysWhatIsWrongAndWhere) {
  MAKE_HOSTS_OR_SKIP({.hosts = 3, .networks = 2, .docker = true});
  const Ranks ranks = {{"h1", 1}, {"h2", 1}, {"h3", 1}};
  const std::vector<std::string> doctor = Command("doctor", Config("run"));
  const test::Finished well = hosts_->Run(ranks, doctor, kLimitSeconds);
  ExpectSuccess(well);
  for (const char* line :
       {"ok     ranks      3 on 3 hosts: h1 0, h2 1, h3 2\n",
        "ok     network    h2: Open MPI is kept from lo,docker0",
        "network    6 pairs, latency up to ", "run/ckpt is one folder; written at once by h1 "}) {
    EXPECT_NE(well.output.find(line), std::string::npos) << line << "\n" << well.output;
  }
  EXPECT_TRUE(files_.List(Path("run/ckpt"))->empty());  // it leaves nothing
  hosts_->Hide(3, Path("run/ckpt"));
  const test::Finished ill = hosts_->Run(ranks, doctor, kLimitSeconds);
  EXPECT_EQ(ill.code, 1);
  EXPECT_NE(ill.output.find("rank 2 on h3 sees another folder"), std::string::npos) << ill.output;
  EXPECT_NE(ill.output.find("WRONG  folders"), std::string::npos) << ill.output;
}

}  // namespace
}  // namespace chorus::cluster
