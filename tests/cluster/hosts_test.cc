// Over several hosts a job finds its servers by itself, whatever networks there are, and computes
// the bits of one process; what cannot work is refused before the first step, with its host.

#include "tests/cluster/hosts_testing.h"

#include <sys/stat.h>

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
  // MPI has the first network, which is the servers' too unless they are told otherwise.
  const std::vector<std::string> options = {"--mca", "btl_tcp_if_include", "eth0",
                                            "--mca", "oob_tcp_if_include", "eth0"};
  constexpr uint64_t kTraffic = 10000;  // pulls and pushes are 100 kB, others below 1 kB
  const struct {
    const char* run;
    const char* address;
    bool ipv4, ipv6;  // whether they are on eth1
  } cases[] = {{"interface", "eth1", true, false},
               {"subnet", "fd77:1::/64", false, true},
               {"nothing", "", false, false}};
  for (const auto& test : cases) {
    Wire& network = hosts_->network(1);
    const uint64_t ipv4_before = network.CarriedBytes(Wire::kIPv4);
    const uint64_t ipv6_before = network.CarriedBytes(Wire::kIPv6);
    const std::vector<std::string> sets = {"--set", StrCat("cluster.listen_address=", test.address),
                                           "--set", "cluster.placement=COLOCATED"};
    ExpectSuccess(test::RunProcess(
        hosts_->Mpirun({{"h1", 1}, {"h2", 1}}, Command("train", Config(test.run), sets), options),
        kLimitSeconds, test::MpirunEnvironment()));
    ExpectSame(test.run, one);
    const uint64_t ipv4 = network.CarriedBytes(Wire::kIPv4) - ipv4_before;
    const uint64_t ipv6 = network.CarriedBytes(Wire::kIPv6) - ipv6_before;
    EXPECT_EQ(ipv4 > kTraffic, test.ipv4) << test.run << ": " << ipv4;
    EXPECT_EQ(ipv6 > kTraffic, test.ipv6) << test.run << ": " << ipv6;
  }
}

// Somebody listens to the cable.
TEST_F(HostsTest, NobodyHearsWhatWorkersAndServersSay) {
  MAKE_HOSTS_OR_SKIP({.hosts = 2});
  const e2e::Outcome one = OneProcess();
  Wire& network = hosts_->network(0);
  // The beginning of a header of a step's request: common/README.md.
  const std::string header("CHRS\x01\x00\x03\x00", 8);
  network.ListenFor(header);
  ExpectSuccess(Train("encrypted", {{"h1", 1}, {"h2", 1}}));
  EXPECT_EQ(network.heard(), 0u);
  ExpectSame("encrypted", one);
  network.ListenFor(header);
  ExpectSuccess(Train("authenticated", {{"h1", 1}, {"h2", 1}},
                      {"--set", "cluster.protection=AUTHENTICATED"}));
  EXPECT_GT(network.heard(), 0u);
  ExpectSame("authenticated", one);
}

TEST_F(HostsTest, AKeyFileIsThatOfAllHosts) {
  MAKE_HOSTS_OR_SKIP({.hosts = 2});
  const std::string key = Path("key/job.key");
  ASSERT_TRUE(files_.CreateDirectories(Path("key")).ok());
  ASSERT_TRUE(ReplaceFile(files_, key, std::string(32, 'k')).ok());
  ASSERT_EQ(::chmod(key.c_str(), 0600), 0);
  const std::vector<std::string> set = {"--set", "cluster.key_file=" + key};
  ExpectSuccess(Train("run", {{"h1", 1}, {"h2", 1}}, set));
  ExpectSame("run", OneProcess());
  hosts_->Hide(2, Path("key"));
  const std::string error = "cluster.key_file: rank 1 on h2: " + key + ": ";
  ExpectFailure(Train("missing", {{"h1", 1}, {"h2", 1}}, set), error);
  const test::Finished doctor =
      hosts_->Run({{"h1", 1}, {"h2", 1}}, Command("doctor", Config("doctor"), set), kLimitSeconds);
  EXPECT_EQ(doctor.code, 1);
  EXPECT_NE(doctor.output.find("WRONG  network    " + error), std::string::npos) << doctor.output;
}

TEST_F(HostsTest, AListenAddressNeedsAMeaningOnlyWhereServersAre) {
  MAKE_HOSTS_OR_SKIP({.hosts = 2});
  // An address of the first host alone, where the one server is.
  ExpectSuccess(
      Train("run", {{"h1", 1}, {"h2", 1}}, {"--set", "cluster.listen_address=10.77.0.1"}));
  ExpectSame("run", OneProcess());
  const std::vector<std::string> wrong = {"--set", "cluster.listen_address=eth7"};
  const std::string error =
      "cluster.listen_address on h1: \"eth7\" is no address, subnet or interface here; there "
      "are lo 127.0.0.1/8, eth0 10.77.0.1/24";
  ExpectFailure(Train("wrong", {{"h1", 1}, {"h2", 1}}, wrong), error);
  ExpectFailure(Train("loopback", {{"h1", 1}, {"h2", 1}}, {"--set", "cluster.listen_address=lo"}),
                "cluster.listen_address on h1: \"lo\" is loopback");
  const test::Finished doctor = hosts_->Run(
      {{"h1", 1}, {"h2", 1}}, Command("doctor", Config("doctor"), wrong), kLimitSeconds);
  EXPECT_EQ(doctor.code, 1);
  EXPECT_NE(doctor.output.find("WRONG  network    " + error), std::string::npos) << doctor.output;
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
  const test::Finished lazy = hosts_->Run(
      ranks, Command("doctor", Config("lazy"), {"--set", "cluster.servers=3"}), kLimitSeconds);
  EXPECT_EQ(lazy.code, 1);
  EXPECT_NE(lazy.output.find("WRONG  ranks      cluster.servers: 3 of 3 ranks leave no worker"),
            std::string::npos)
      << lazy.output;
}

TEST_F(HostsTest, TheDoctorNamesPairsThatTheServersNetworkDoesNotJoin) {
  MAKE_HOSTS_OR_SKIP({.hosts = 3, .networks = 2});
  hosts_->network(1).Cut(2, true);  // of h3; MPI has the other network
  const test::Finished doctor = test::RunProcess(
      hosts_->Mpirun(
          {{"h1", 1}, {"h2", 1}, {"h3", 1}},
          Command("doctor", Config("run"),
                  {"--set", "cluster.listen_address=eth1", "--set", "cluster.placement=COLOCATED"}),
          {"--mca", "btl_tcp_if_include", "eth0", "--mca", "oob_tcp_if_include", "eth0"}),
      kLimitSeconds, test::MpirunEnvironment());
  EXPECT_EQ(doctor.code, 1) << doctor.errors;
  for (const char* pair : {"h1 to h3", "h2 to h3", "h3 to h1", "h3 to h2"}) {
    EXPECT_NE(doctor.output.find(StrCat("WRONG  network    ", pair, ": ")), std::string::npos)
        << pair << "\n"
        << doctor.output;
  }
  EXPECT_NE(doctor.output.find("network    2 pairs, latency up to "), std::string::npos)
      << doctor.output;
}

}  // namespace
}  // namespace chorus::cluster
