#include "launch/plan/advice.h"

#include <gmock/gmock.h>

#include "launch/plan/plan_rates.h"

namespace chorus::launch {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TrainConfig Config() {
  TrainConfig config;
  config.mutable_step()->set_grain_rows(512);
  config.mutable_step()->set_grains_per_step(8);
  config.mutable_cluster()->set_placement(ClusterConfig::DEDICATED);
  config.mutable_cluster()->set_servers(1);
  return config;
}

// Two workers and a server, a host each.
StepWork Work() {
  StepWork work;
  work.layout.set_hosts(3);
  work.layout.set_servers(1);
  work.layout.set_workers(2);
  work.layout.set_threads(4);
  work.layout.set_server_threads(4);
  work.layout.set_cores(4);
  work.layout.set_link_gbit(25);
  for (uint32_t w = 0; w < 2; ++w) {
    WorkerWork worker;
    worker.host = w + 1;
    worker.grains = 4;
    worker.flops = 4e9;
    work.workers.push_back(worker);
  }
  work.servers.emplace_back();
  return work;
}

TEST(Advice, AJobThatComputesAllTheTimeNeedsNone) {
  EXPECT_THAT(AdviceFor(Config(), Work(), AssumedRates()), IsEmpty());
}

TEST(Advice, MoreServersWhereOneIsTheBottleneck) {
  StepWork work = Work();
  work.servers[0].rows = 1e8;
  work.pull_ahead = 2;
  EXPECT_THAT(AdviceFor(Config(), work, AssumedRates()).front(), HasSubstr("cluster.servers="));
}

TEST(Advice, PullAheadWhereTheServersAreWaitedFor) {
  StepWork work = Work();
  work.workers[0].bytes_sent = work.workers[0].away_sent = 1e8;
  work.workers[1].bytes_sent = work.workers[1].away_sent = 1e8;
  work.servers[0].bytes_received = work.servers[0].away_received = 2e8;
  EXPECT_THAT(AdviceFor(Config(), work, AssumedRates()), Contains(HasSubstr("step.pull_ahead=1")));
}

TEST(Advice, ThreadsThatFitTheCores) {
  StepWork work = Work();
  work.layout.set_threads(1);
  EXPECT_THAT(AdviceFor(Config(), work, AssumedRates()), Contains(HasSubstr("compute.threads=4")));
  work.layout.set_threads(8);
  EXPECT_THAT(AdviceFor(Config(), work, AssumedRates()),
              Contains(AnyOf(HasSubstr("compute.threads=4"))));
}

TEST(Advice, SmallerGrainsWhereThreadsAreIdle) {
  StepWork work = Work();
  work.workers[0].grains = work.workers[1].grains = 1;
  EXPECT_THAT(AdviceFor(Config(), work, AssumedRates()),
              Contains(HasSubstr("step.grain_rows=256 with step.grains_per_step=16")));
  work.workers[0].grains = work.workers[1].grains = 4;
  EXPECT_THAT(AdviceFor(Config(), work, AssumedRates()),
              Not(Contains(HasSubstr("step.grain_rows"))));
}

TEST(Advice, SmallerGrainsGainWhatFollowingItGives) {
  StepWork work = Work();
  work.layout.set_cores(32);
  work.layout.set_threads(32);
  EXPECT_THAT(AdviceFor(Config(), work, AssumedRates()),
              Contains(AllOf(HasSubstr("step.grains_per_step=16"), HasSubstr("takes 50 % less"))))
      << "8 of 32 threads, after 4";
  TrainConfig most = Config();
  most.mutable_step()->set_grains_per_step(4096);
  EXPECT_THAT(AdviceFor(most, work, AssumedRates()), Not(Contains(HasSubstr("step.grain_rows"))));
}

// The server shares its host with the worker that sends most. Two others would halve the time of its
// rows, but then all frames have to cross that host's link.
TEST(Advice, ServersOnHostsOfTheirOwnGetAllFramesOverLinks) {
  StepWork work = Work();
  work.layout.set_hosts(2);
  work.layout.set_link_gbit(10);
  work.workers[0].host = 0;
  work.workers[1].host = 1;
  work.servers[0].rows = 8e7;
  work.workers[0].bytes_sent = work.workers[0].bytes_received = 1e9;
  work.servers[0].bytes_sent = work.servers[0].bytes_received = 1e9;
  EXPECT_THAT(AdviceFor(Config(), work, AssumedRates()), Not(Contains(HasSubstr("servers="))));
  work.layout.set_link_gbit(400);
  EXPECT_THAT(AdviceFor(Config(), work, AssumedRates()), Contains(HasSubstr("servers=")));
}

}  // namespace
}  // namespace chorus::launch
