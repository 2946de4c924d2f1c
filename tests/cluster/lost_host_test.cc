// Networks that are slow, lossy or cut, and hosts that vanish: the job computes the same bits, or
// it ends soon, names the rank and its host, and goes on elsewhere with --resume.

#include <chrono>

#include "tests/cluster/hosts_testing.h"

namespace chorus::cluster {
namespace {

using LostHostTest = HostsTest;

constexpr char kLongJob[] =
    "data { epochs: 8 } step { grains_per_step: 4 } checkpoint { every_steps: 10 }";

// In seconds. It bounds MPI_Init, too, which takes some on a busy machine.
constexpr char kDeadline[] = "8";

// mpirun notices a lost host by these; without, its own sockets wait for a quarter of an hour.
const std::vector<std::string> kKeepalive = {"--mca", "oob_tcp_keepalive_time",   "2",
                                             "--mca", "oob_tcp_keepalive_intvl",  "1",
                                             "--mca", "oob_tcp_keepalive_probes", "2"};

class CutHostTest : public HostsTest {
 protected:
  // Starts a long job on three hosts and waits for its first checkpoint.
  std::unique_ptr<test::Process> Begin(const std::string& run, const std::string& deadline_seconds,
                                       const std::vector<std::string>& options = {},
                                       std::vector<std::string> sets = {}) {
    sets.insert(sets.end(), {"--set", "cluster.deadline_seconds=" + deadline_seconds});
    auto job = std::make_unique<test::Process>(
        hosts_->Mpirun({{"h1", 1}, {"h2", 1}, {"h3", 1}},
                       Command("train", Config(run, kLongJob), sets), options),
        test::MpirunEnvironment());
    EXPECT_TRUE(job->WaitForText("checkpoint ", kLimitSeconds)) << job->Errors();
    return job;
  }
  void ExpectResumesElsewhere(const std::string& run) {
    ExpectSuccess(hosts_->Run({{"h1", 2}}, Command("train", Config(run, kLongJob), {"--resume"}),
                              kLimitSeconds));
    ExpectSuccess(Run(0, Command("train", Config("one", kLongJob))));
    EXPECT_TRUE(OutcomeOfRun(run).state == OutcomeOfRun("one").state);
  }
};

TEST_F(LostHostTest, ASlowAndLossyNetworkGivesTheSameBits) {
  MAKE_HOSTS_OR_SKIP({.hosts = 2});
  const e2e::Outcome one = OneProcess();
  hosts_->network(0).SetDelay(0.05);
  hosts_->network(0).SetLoss(0.01);
  ExpectSuccess(Train("run", {{"h1", 1}, {"h2", 1}}, {"--set", "cluster.placement=COLOCATED"}));
  ExpectSame("run", one);
}

TEST_F(CutHostTest, ForLessThanTheDeadlineChangesNothing) {
  MAKE_HOSTS_OR_SKIP({.hosts = 3});
  const auto job = Begin("run", "20");
  hosts_->Cut(3, true);
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  hosts_->Cut(3, false);
  EXPECT_EQ(job->Wait(kLimitSeconds).value_or(-1), 0) << job->Output() << job->Errors();
  ExpectSuccess(Run(0, Command("train", Config("one", kLongJob))));
  EXPECT_TRUE(OutcomeOfRun("run").state == OutcomeOfRun("one").state);
}

TEST_F(CutHostTest, ForLongerIsNamedAtTheDeadlineAndTheJobGoesOnElsewhere) {
  MAKE_HOSTS_OR_SKIP({.hosts = 3});
  const auto job = Begin("run", kDeadline);
  hosts_->Cut(3, true);
  EXPECT_TRUE(job->WaitForText("waited in vain for worker 1 on h3", kLimitSeconds))
      << job->Errors();
  EXPECT_TRUE(job->WaitForText("with errorcode 69", 10)) << job->Errors();
  job->Kill(SIGKILL);  // mpirun would wait for the host's daemon
  hosts_->Kill(3);
  ExpectResumesElsewhere("run");
}

TEST_F(CutHostTest, OfAServerIsNamedByItsWorkers) {
  MAKE_HOSTS_OR_SKIP({.hosts = 3});
  const auto job = Begin("run", kDeadline, {}, {"--set", "cluster.servers=2"});
  hosts_->Cut(2, true);
  EXPECT_TRUE(job->WaitForText("server 1 on h2 (10.77.0.2:", kLimitSeconds)) << job->Errors();
  job->Kill(SIGKILL);
}

TEST_F(CutHostTest, AndDeadEndsMpirunThatNamesItAndTheJobGoesOnElsewhere) {
  MAKE_HOSTS_OR_SKIP({.hosts = 3});
  const auto job = Begin("run", "30", kKeepalive);
  hosts_->Kill(3);
  const std::optional<int> code = job->Wait(25);
  ASSERT_TRUE(code.has_value()) << "mpirun hangs\n" << job->Errors();
  EXPECT_NE(*code, 0);
  EXPECT_NE(job->Errors().find("on node h3"), std::string::npos) << job->Errors();
  ExpectResumesElsewhere("run");
}

// The launcher is what Hosts::Mpirun says before hosts and ranks. Also where rank 0 was on the host.
TEST_F(CutHostTest, AndDeadIsLeftOutByARunThatGoesOnWithTheOthers) {
  MAKE_HOSTS_OR_SKIP({.hosts = 3});
  std::vector<std::string> launcher = hosts_->Mpirun({}, {}, {});
  launcher.resize(launcher.size() - 4);  // "--host", "", "-n", "0"
  launcher.insert(launcher.end(), kKeepalive.begin(), kKeepalive.end());
  test::Process job(Command("run", Config("run", kLongJob),
                            {"--hosts", "h3:1,h1:1,h2:1", "--launcher", Join(launcher, " ")}),
                    test::MpirunEnvironment());
  ASSERT_TRUE(job.WaitForText("checkpoint ", kLimitSeconds)) << job.Errors();
  hosts_->Kill(3);
  EXPECT_EQ(job.Wait(3 * kLimitSeconds).value_or(-1), 0) << job.Output() << job.Errors();
  EXPECT_NE(job.Errors().find("h3 is left out"), std::string::npos) << job.Errors();
  EXPECT_NE(job.Errors().find("--host h1:1,h2:1 -n 2"), std::string::npos) << job.Errors();
  ExpectSuccess(Run(0, Command("train", Config("one", kLongJob))));
  EXPECT_TRUE(OutcomeOfRun("run").state == OutcomeOfRun("one").state);
}

}  // namespace
}  // namespace chorus::cluster
