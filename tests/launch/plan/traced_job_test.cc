// A job on paper against the same job in this process: frames, bytes and messages are equal, memory
// of servers is near.

#include <gtest/gtest.h>

#include "common/strings.h"
#include "launch/plan/job_plan.h"
#include "launch/plan/plan_rates.h"
#include "tests/e2e/job_testing.h"

namespace chorus::launch {
namespace {

using e2e::JobConfig;
using e2e::Layout;

class TracedJobTest : public testing::Test {
 protected:
  TracedJobTest() : files_(NewMemoryFiles()) {
    e2e::WriteJobLog(*files_, "train", e2e::RichSchema(), 900, 1);
  }

  static PlanLayout LayoutFor(const TrainConfig& config, const Layout& layout) {
    PlanRequest request;
    request.hosts = 1;
    request.servers = layout.servers;
    request.workers = layout.workers;
    request.threads = layout.threads;
    return LayoutOf(config, request).value();
  }

  // The plan of a job and what its workers counted.
  void Compare(const std::string& settings, const Layout& layout) {
    SCOPED_TRACE(settings);
    TrainConfig config = JobConfig(settings +
                                   " checkpoint { directory: '' }"
                                   " evaluate { every_steps: 0 }"
                                   " report { metrics: '' }");
    config.mutable_evaluate()->clear_log();
    config.mutable_cluster()->set_shards(layout.shards);
    const auto traced = TraceJob(config, LayoutFor(config, layout), 100000, {}, *files_);
    ASSERT_TRUE(traced.ok()) << traced.status().ToString();
    const e2e::Trained trained = e2e::TrainOn(*files_, config, layout);
    ASSERT_TRUE(trained.status.ok()) << trained.status.ToString();
    for (uint32_t w = 0; w < layout.workers; ++w) {
      const PlanRank& rank = traced->plan.rank(static_cast<int>(layout.servers + w));
      const worker::TrainResult& counted = trained.workers[w];
      EXPECT_EQ(rank.name(), StrCat("worker ", w));
      EXPECT_EQ(rank.run().steps(), counted.trained_steps);
      EXPECT_EQ(rank.run().frames_sent(), counted.frames_sent);
      EXPECT_EQ(rank.run().bytes_sent(), counted.bytes_sent);
      EXPECT_EQ(rank.run().frames_received(), counted.frames_received);
      EXPECT_EQ(rank.run().bytes_received(), counted.bytes_received);
      EXPECT_EQ(rank.run().sum_messages_sent(), counted.sums_sent.messages);
      EXPECT_EQ(rank.run().sum_bytes_sent(), counted.sums_sent.bytes);
    }
  }

  std::unique_ptr<FileSystem> files_;
};

TEST_F(TracedJobTest, FramesAndBytesAreThoseThatTheJobCounts) {
  const std::string grains = " step { grain_rows: 16 grains_per_step: 8 }";
  Compare("objective { esmm {} }" + grains, {.workers = 1, .servers = 1});
  Compare("objective { esmm {} }" + grains, {.workers = 3, .servers = 2});
  Compare("objective { base {} } step { pull_ahead: 1 }" + grains, {.workers = 2, .servers = 3});
  Compare("objective { chorus_cvr {} } step { pull_ahead: 2 }" + grains,
          {.workers = 4, .servers = 1});
  Compare("objective { esmm {} } data { max_steps: 4 } step { pull_ahead: 1 }" + grains,
          {.workers = 2, .servers = 2});
}

TEST_F(TracedJobTest, SoAreThoseOfMethodsWithStagesAndPartialSums) {
  const std::string grains = " step { grain_rows: 16 grains_per_step: 4 }";
  Compare("objective { nise {} }" + grains, {.workers = 2, .servers = 1});
  Compare("objective { unbias {} } step { pull_ahead: 1 }" + grains, {.workers = 3, .servers = 2});
}

TEST_F(TracedJobTest, MemoryOfServersIsThatOfTheLogsIds) {
  const TrainConfig config = JobConfig("objective { esmm {} }");
  const auto ids = CountIds(config, *files_);
  ASSERT_TRUE(ids.ok());
  PlanRequest request;
  request.servers = 2;
  request.workers = 2;
  const PlanLayout layout = LayoutOf(config, request).value();
  auto traced = TraceJob(config, layout, 3, *ids, *files_);
  ASSERT_TRUE(traced.ok()) << traced.status().ToString();
  Predict(config, AssumedRates(), &*traced);
  double planned = 0;
  for (int s = 0; s < 2; ++s) {
    for (const PlanPart& part : traced->plan.rank(s).memory()) {
      if (part.name().starts_with("rows of ")) planned += static_cast<double>(part.bytes());
    }
  }
  uint64_t counted = 0;
  LocalClusterOptions options;
  options.at_end = [&](const ServerNode& server) { counted = server.use().memory_bytes; };
  TrainConfig whole = config;
  whole.mutable_checkpoint()->set_directory("");
  ASSERT_TRUE(
      RunLocalCluster(whole, options, *files_,
                      [](const TrainConfig& job, const worker::WorkerEnvironment& worker) {
                        return worker::Train(job, worker::Resume::kNothing, worker).status();
                      })
          .ok());
  ASSERT_GT(counted, 0u);
  EXPECT_NEAR(planned, static_cast<double>(counted), 0.1 * static_cast<double>(counted))
      << traced->plan.table(0).DebugString() << traced->plan.table(1).DebugString();
}

TEST_F(TracedJobTest, LayoutsThatCannotBeAreRefused) {
  const TrainConfig config = JobConfig("objective { esmm {} } step { grains_per_step: 4 }");
  PlanRequest request;
  request.workers = 5;
  EXPECT_EQ(LayoutOf(config, request).status().code(), Code::kInvalidArgument);
  request = {};
  request.hosts = 2;
  request.servers = 2;
  EXPECT_EQ(LayoutOf(config, request).status().code(), Code::kInvalidArgument);
  request.hosts = 0;
  const std::string said = LayoutOf(config, request).status().ToString();
  EXPECT_NE(said.find("--servers 2"), std::string::npos) << said;
  EXPECT_EQ(said.find("--hosts 0"), std::string::npos) << said;
}

TEST_F(TracedJobTest, ColocatedRanksAreBothAndFillTheHosts) {
  const TrainConfig config = JobConfig(
      "objective { esmm {} } cluster { placement: COLOCATED } step { grain_rows: 16 "
      "grains_per_step: 8 }");
  PlanRequest request;
  request.hosts = 3;
  const PlanLayout layout = LayoutOf(config, request).value();
  EXPECT_EQ(layout.workers(), 3u);
  EXPECT_EQ(layout.servers(), 3u);
  const auto traced = TraceJob(config, layout, 3, {}, *files_);
  ASSERT_TRUE(traced.ok()) << traced.status().ToString();
  ASSERT_EQ(traced->plan.rank_size(), 3);
  EXPECT_EQ(traced->plan.rank(1).name(), "server 1 and worker 1");
  EXPECT_EQ(traced->plan.rank(2).host(), 2u);
  // What goes to a rank's own server does not cross a link.
  const WorkerWork& worker = traced->work.workers[0];
  EXPECT_LT(worker.bytes_sent, traced->plan.rank(0).sent().wire_bytes());
  EXPECT_EQ(worker.away_sent, worker.bytes_sent);
  const ServerWork& server = traced->work.servers[0];
  EXPECT_EQ(server.away_received, server.bytes_received);
  EXPECT_EQ(server.away_sent, server.bytes_sent);
  // A frame to each server, a reply to each worker.
  for (const PlanRank& rank : traced->plan.rank()) {
    EXPECT_NEAR(rank.sent().messages(), 3 + 3, 1e-9) << rank.name();
    EXPECT_NEAR(rank.received().messages(), 3 + 3, 1e-9) << rank.name();
  }
  EXPECT_TRUE(traced->work.is_encrypted) << "the default";
  // What all send, all receive.
  double sent = 0, received = 0;
  for (const PlanRank& rank : traced->plan.rank()) {
    sent += rank.sent().bytes();
    received += rank.received().bytes();
  }
  EXPECT_NEAR(sent, received, 1e-6 * sent);
}

}  // namespace
}  // namespace chorus::launch
