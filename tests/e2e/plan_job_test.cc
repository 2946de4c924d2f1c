// What `chorus plan` foretells, and what the ranks of the job then count, under mpirun.

#include <gmock/gmock.h>

#include "common/json.h"
#include "launch/job/rank_counters.h"
#include "launch/plan/plan.pb.h"
#include "tests/e2e/command_testing.h"

namespace chorus::e2e {
namespace {

using testing::HasSubstr;

class PlanJobTest : public CommandTest {
 protected:
  static std::vector<std::string> Sets(const std::vector<std::string>& sets) {
    std::vector<std::string> arguments;
    for (const std::string& set : sets) arguments.insert(arguments.end(), {"--set", set});
    return arguments;
  }
  static std::vector<std::string> Joined(std::vector<std::string> a,
                                         const std::vector<std::string>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
  }
  std::vector<JobPlan> Plan(const std::vector<std::string>& arguments) {
    ExpectSuccess(Run(0, Command("plan", Joined(arguments, {"--json", Path("plan.jsonl")}))));
    const auto text = ReadWholeFile(files_, Path("plan.jsonl"));
    EXPECT_TRUE(text.ok());
    std::vector<JobPlan> plans;
    for (const std::string& line : Split(*text, '\n')) {
      if (line.empty()) continue;
      EXPECT_TRUE(FromJson(line, &plans.emplace_back()).ok()) << line;
    }
    return plans;
  }
  static double RowsBytes(const PlanRank& rank) {
    double bytes = 0;
    for (const PlanPart& part : rank.memory()) {
      if (part.name().starts_with("rows of ")) bytes += static_cast<double>(part.bytes());
    }
    return bytes;
  }
};

TEST_F(PlanJobTest, FramesAndMessagesOfAJobAreExactlyThosePlanned) {
  const std::vector<std::string> sets =
      Sets({"checkpoint.directory=", "report.metrics=", "evaluate.log=", "step.pull_ahead=1",
            "cluster.servers=2", "data.max_steps=5"});
  const std::vector<std::string> job = Joined(Config("run"), sets);
  const std::vector<JobPlan> plans =
      Plan(Joined(job, {"--servers", "2", "--workers", "2", "--hosts", "1", "--steps", "5"}));
  ASSERT_EQ(plans.size(), 1u);
  ExpectSuccess(Run(4, Command("train", job, {"--counters", Path("counters")})));
  const auto ranks = launch::ReadCounters(files_, Path("counters"));
  ASSERT_TRUE(ranks.ok()) << ranks.status().ToString();
  ASSERT_EQ(ranks->size(), 4u);
  uint64_t requests = 0, received = 0, sent = 0;
  for (int r = 0; r < 4; ++r) {
    const RankCounters& counted = (*ranks)[static_cast<size_t>(r)];
    EXPECT_EQ(counted.has_server(), r < 2);
    EXPECT_EQ(counted.has_worker(), r >= 2);
    EXPECT_GT(counted.peak_resident_bytes(), 0u);
    requests += counted.server().requests();
    received += counted.server().received_bytes();
    if (!counted.has_worker()) continue;
    const PlanRun& planned = plans[0].rank(r).run();
    EXPECT_EQ(counted.worker().steps(), planned.steps());
    EXPECT_EQ(counted.worker().frames_sent(), planned.frames_sent());
    EXPECT_EQ(counted.worker().bytes_sent(), planned.bytes_sent());
    EXPECT_EQ(counted.worker().frames_received(), planned.frames_received());
    EXPECT_EQ(counted.worker().bytes_received(), planned.bytes_received());
    EXPECT_EQ(counted.worker().sum_messages_sent(), planned.sum_messages_sent());
    EXPECT_EQ(counted.worker().sum_bytes_sent(), planned.sum_bytes_sent());
    EXPECT_EQ(counted.worker().step_seconds_size(), 4) << "from step to step";
    sent += planned.bytes_sent();
  }
  EXPECT_EQ(received, sent) << "servers count what workers send";
  EXPECT_EQ(requests, plans[0].rank(2).run().frames_sent() + plans[0].rank(3).run().frames_sent());
}

// A log of so many ids that rows outweigh what a process takes anyway.
TEST_F(PlanJobTest, MemoryOfAJobIsWithinATenthOfThePlan) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer's shadow and its quarantine are memory that no plan knows of";
#endif
  ExpectSuccess(Run(0, {CHORUS_PROGRAM, "generate", "--config", CHORUS_GENERATE_CONFIG, "--set",
                        "exposures=60000", "--output", Path("world")}));
  ASSERT_TRUE(ReplaceFile(files_, Path("wide.textproto"),
                          StrCat("data { log: '", Path("world"),
                                 "' } objective { esmm {} } table { name: 'default' dim: 128 } "
                                 "model { tower { hidden: [16] } } step { grain_rows: 512 } "
                                 "compute { threads: 1 }"))
                  .ok());
  const std::vector<std::string> job = {"--config", Path("wide.textproto")};
  const std::vector<JobPlan> plans = Plan(Joined(job, {"--workers", "2", "--hosts", "1"}));
  ExpectSuccess(Run(3, Command("train", job, {"--counters", Path("counters")})));
  const auto ranks = launch::ReadCounters(files_, Path("counters"));
  ASSERT_TRUE(ranks.ok()) << ranks.status().ToString();
  const double rows = static_cast<double>((*ranks)[0].server().memory_bytes());
  EXPECT_NEAR(RowsBytes(plans[0].rank(0)), rows, 0.1 * rows);
  for (int r = 0; r < 3; ++r) {
    const auto peak = static_cast<double>((*ranks)[static_cast<size_t>(r)].peak_resident_bytes());
    EXPECT_NEAR(static_cast<double>(plans[0].rank(r).memory_bytes()), peak, 0.1 * peak)
        << plans[0].rank(r).name() << "\n"
        << plans[0].rank(r).DebugString();
  }
}

TEST_F(PlanJobTest, CalibrationIsKeptAndReadAgain) {
  const std::vector<std::string> job = Config("run");
  const std::string rates = Path("rates.json");
  const test::Finished measured =
      Run(0, Command("plan", job, {"--calibrate", "--calibration", rates}));
  ExpectSuccess(measured);
  EXPECT_THAT(measured.output, HasSubstr("rates      measured: "));
  const test::Finished again =
      Run(0, Command("plan", job, {"--calibration", rates, "--hosts", "2,3"}));
  ExpectSuccess(again);
  EXPECT_THAT(again.output, HasSubstr("| 100 % |"));
}

TEST_F(PlanJobTest, WhatCannotBePlannedIsSaid) {
  const std::vector<std::string> job = Config("run");
  ExpectFailure(Run(0, Command("plan", job, {"--workers", "2000"})), "step.grains_per_step");
  ExpectFailure(Run(0, Command("plan", job, {"--hosts", "2,3", "--workers", "1,2,3"})),
                "lists of one length");
  ExpectFailure(Run(0, Command("plan", job, {"--calibration", Path("gone")})), "gone");
  ExpectFailure(Run(0, Command("plan", {}, {})), "--log");
  ExpectFailure(Run(0, Command("plan", job, {"--servers", "2"})), "--servers 2");
  // Steps that grow have to have a grain for each worker from the first layout on.
  const std::vector<std::string> grown = {"--weak", "--workers", "16,32", "--set",
                                          "step.grains_per_step=8"};
  ExpectFailure(Run(0, Command("plan", job, grown)), "--workers 16");
  ExpectSuccess(Run(
      0, Command("plan", job, {"--weak", "--workers", "8,16", "--set", "step.grains_per_step=8"})));
}

}  // namespace
}  // namespace chorus::e2e
