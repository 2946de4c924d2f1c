// Frames that are lost, repeated, delayed and overtaken change nothing in what is trained: every
// gradient counts exactly once.

#include "tests/support/faulty_transport.h"

#include <gtest/gtest.h>

#include "common/strings.h"
#include "tests/e2e/job_testing.h"

namespace chorus::e2e {
namespace {

class NetworkTest : public ::testing::TestWithParam<uint32_t> {};

TEST_P(NetworkTest, LostRepeatedAndDelayedFramesLeaveTheSameBits) {
  const TrainConfig config =
      JobConfig(StrCat("step { pull_ahead: ", GetParam(), " } checkpoint { every_steps: 2 } ",
                       "evaluate { log: 'test' every_steps: 3 }"));
  chorus::testing::FaultPlan plan;
  plan.seed = 5 + GetParam();
  plan.duplicate = 0.2;
  plan.lose_request = 0.1;
  plan.lose_reply = 0.1;
  plan.delay = 0.2;
  plan.delay_seconds = 0.002;
  Layout bad = {.workers = 3, .servers = 2, .shards = 8};
  bad.wrap_transport = [&](std::unique_ptr<Transport> inner) {
    return chorus::testing::NewFaultyTransport(std::move(inner), plan);
  };
  Outcome outcomes[2];
  for (int i = 0; i < 2; ++i) {
    const auto files = NewMemoryFiles();
    WriteJobLog(*files, "train", RichSchema(), 400, 1);
    WriteJobLog(*files, "test", RichSchema(), 60, 2);
    outcomes[i] = OutcomeOf(*files, config, i == 0 ? Layout() : bad);
  }
  EXPECT_TRUE(outcomes[1].state == outcomes[0].state) << "the models differ";
  EXPECT_EQ(outcomes[1].reports, outcomes[0].reports);
  EXPECT_GT(plan.counts->duplicated, 5u);
  EXPECT_GT(plan.counts->lost_requests, 5u);
  EXPECT_GT(plan.counts->lost_replies, 5u);
}

INSTANTIATE_TEST_SUITE_P(PullAhead, NetworkTest, ::testing::Values(0, 1, 2));

}  // namespace
}  // namespace chorus::e2e
