#include "launch/plan/step_time.h"

#include <gtest/gtest.h>

#include "launch/plan/plan_rates.h"

namespace chorus::launch {
namespace {

// Rates of one for each: seconds are counts.
PlanRates Rates() {
  PlanRates rates;
  rates.set_machine("test");
  rates.set_cores(4);
  rates.set_core_flops(1);
  rates.set_shared_core(1);
  rates.set_read_exposures(1e9);
  rates.set_combine_bytes(1e9);
  rates.set_update_floats(1e9);
  rates.set_server_rows(1e9);
  rates.set_frame_bytes(1e9);
  rates.set_encrypted_bytes(1e9);
  rates.set_frame_seconds(1e-9);
  rates.set_sum_bytes(1e9);
  rates.set_message_seconds(1e-9);
  return rates;
}

// `workers` of 4 grains of 10 operations, a host each, with one more for the server.
StepWork Work(uint32_t workers) {
  StepWork work;
  work.layout.set_hosts(workers + 1);
  work.layout.set_servers(1);
  work.layout.set_workers(workers);
  work.layout.set_threads(1);
  work.layout.set_server_threads(1);
  work.layout.set_cores(4);
  work.layout.set_link_gbit(8e-9);  // a byte a second
  for (uint32_t w = 0; w < workers; ++w) {
    WorkerWork worker;
    worker.host = w + 1;
    worker.grains = 4;
    worker.flops = 40;
    work.workers.push_back(worker);
  }
  work.servers.emplace_back();
  return work;
}

double PartOf(const StepTime& time, const std::string& name) {
  for (const PlanTime& part : time.parts) {
    if (part.name() == name) return part.seconds();
  }
  return -1;
}

TEST(StepTime, GrainsAreComputedInTurnsOfTheThreads) {
  StepWork work = Work(1);
  EXPECT_NEAR(PredictStep(work, Rates()).seconds, 40, 1e-3);
  work.layout.set_threads(3);
  EXPECT_NEAR(PartOf(PredictStep(work, Rates()), "compute"), 20, 1e-3) << "two turns";
  work.layout.set_threads(4);
  EXPECT_NEAR(PredictStep(work, Rates()).seconds, 10, 1e-3);
  EXPECT_EQ(PredictStep(work, Rates()).bottleneck, "threads that compute");
}

TEST(StepTime, ThreadsOfOneHostShareItsCores) {
  StepWork work = Work(2);
  work.layout.set_threads(4);
  EXPECT_NEAR(PredictStep(work, Rates()).seconds, 10, 1e-3);
  for (WorkerWork& worker : work.workers) worker.host = 0;
  EXPECT_NEAR(PredictStep(work, Rates()).seconds, 20, 1e-3);
}

TEST(StepTime, PullAheadHidesTheWayToTheServers) {
  StepWork work = Work(1);
  work.workers[0].bytes_sent = work.workers[0].away_sent = 30;
  work.servers[0].bytes_received = work.servers[0].away_received = 30;
  EXPECT_NEAR(PredictStep(work, Rates()).seconds, 70, 1e-3);
  EXPECT_NEAR(PartOf(PredictStep(work, Rates()), "pull"), 30, 1e-3);
  work.pull_ahead = 1;
  EXPECT_NEAR(PredictStep(work, Rates()).seconds, 40, 1e-3);
  work.workers[0].away_sent = work.workers[0].bytes_sent = 50;
  work.servers[0].bytes_received = work.servers[0].away_received = 50;
  const StepTime bound = PredictStep(work, Rates());
  EXPECT_NEAR(bound.seconds, 50, 1e-3) << "a link carries no more than it can";
  EXPECT_EQ(bound.bottleneck, "link of a host");
}

TEST(StepTime, AServersLinkCarriesTheFramesOfAllWorkers) {
  StepWork work = Work(4);
  for (WorkerWork& worker : work.workers) worker.bytes_sent = worker.away_sent = 10;
  work.servers[0].bytes_received = work.servers[0].away_received = 40;
  EXPECT_NEAR(PartOf(PredictStep(work, Rates()), "pull"), 40, 1e-3);
}

double ResourceOf(const StepTime& time, const std::string& name) {
  for (const PlanTime& resource : time.resources) {
    if (resource.name() == name) return resource.seconds();
  }
  return -1;
}

// Two ranks that are both servers and workers, one per host: a rank's server gets 10 bytes from the
// other one's worker and answers with 20.
TEST(StepTime, ALinkCarriesWhatGoesToOtherHostsAndAllOfThat) {
  StepWork work = Work(2);
  work.layout.set_hosts(2);
  work.servers.resize(2);
  for (uint32_t rank = 0; rank < 2; ++rank) {
    WorkerWork& worker = work.workers[rank];
    worker.host = work.servers[rank].host = rank;
    worker.bytes_sent = worker.away_sent = 10;
    worker.bytes_received = worker.away_received = 20;
    work.servers[rank].bytes_received = work.servers[rank].away_received = 10;
    work.servers[rank].bytes_sent = work.servers[rank].away_sent = 20;
  }
  // Each way: what the worker sends and what the server answers.
  EXPECT_NEAR(ResourceOf(PredictStep(work, Rates()), "link of a host"), 30, 1e-6);
  work.servers[1].away_sent = 5;
  work.servers[0].away_sent = 0;
  EXPECT_NEAR(ResourceOf(PredictStep(work, Rates()), "link of a host"), 30, 1e-6) << "received";
}

TEST(StepTime, FramesBetweenHostsMayBeEncrypted) {
  StepWork work = Work(1);
  work.layout.set_link_gbit(1e9);
  work.workers[0].bytes_sent = 30;
  work.workers[0].away_sent = 20;
  work.servers[0].bytes_received = 30;
  work.servers[0].away_received = 20;
  PlanRates rates = Rates();
  rates.set_frame_bytes(1);
  rates.set_encrypted_bytes(0.5);
  EXPECT_NEAR(PartOf(PredictStep(work, rates), "pull"), 30, 1e-3);
  EXPECT_NEAR(ResourceOf(PredictStep(work, rates), "network threads of a server"), 30, 1e-3);
  work.is_encrypted = true;
  EXPECT_NEAR(PartOf(PredictStep(work, rates), "pull"), 10 + 2 * 20, 1e-3);
  EXPECT_NEAR(ResourceOf(PredictStep(work, rates), "network threads of a server"), 50, 1e-3);
}

TEST(StepTime, AServersRowsBoundTheStep) {
  StepWork work = Work(1);
  work.servers[0].rows = 100;
  work.pull_ahead = 2;
  PlanRates rates = Rates();
  rates.set_server_rows(1);
  const StepTime time = PredictStep(work, rates);
  EXPECT_NEAR(time.seconds, 100, 1e-3);
  EXPECT_EQ(time.bottleneck, "owner threads of a server");
  work.layout.set_server_threads(4);
  EXPECT_NEAR(PredictStep(work, rates).seconds, 40, 1e-3);
}

TEST(StepTime, SumsCostTheirRoundsAndTheirBytes) {
  StepWork work = Work(2);
  work.layout.set_latency_us(1e6);
  for (WorkerWork& worker : work.workers) {
    worker.sums = 1;
    worker.sum_bytes = worker.sum_away = 5;
  }
  EXPECT_NEAR(PartOf(PredictStep(work, Rates()), "all-reduce"), 2 + 5, 1e-3);
}

TEST(StepTime, CoresThatShareMemoryAreSlowerTogether) {
  PlanRates rates = Rates();
  rates.set_shared_core(0.7);
  EXPECT_EQ(ShareOfCore(rates, 1), 1);
  EXPECT_NEAR(ShareOfCore(rates, 2), 0.9, 1e-9);
  EXPECT_NEAR(ShareOfCore(rates, 4), 0.7, 1e-9);
  EXPECT_NEAR(ShareOfCore(rates, 64), 0.7, 1e-9);
}

}  // namespace
}  // namespace chorus::launch
