// Whatever write, sync or rename of a training run fails, the run ends with that error, a complete
// checkpoint is still found, and going on from it gives the uninterrupted run's state.

#include <gtest/gtest.h>

#include "tests/e2e/job_testing.h"
#include "tests/support/faulty_files.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::e2e {
namespace {

TrainConfig Config() {
  return JobConfig(
      "checkpoint { every_steps: 1 keep: 2 } data { epochs: 1 } step { pull_ahead: 1 } "
      "report { metrics: '' }");
}

enum class Fault { kWrite, kHalfWrite, kSync, kRename };

FaultPlan PlanOf(Fault fault, uint64_t at) {
  FaultPlan plan;
  if (fault == Fault::kWrite || fault == Fault::kHalfWrite) plan.failing_write = at;
  plan.write_half_first = fault == Fault::kHalfWrite;
  if (fault == Fault::kSync) plan.failing_sync = at;
  if (fault == Fault::kRename) plan.failing_rename = at;
  return plan;
}

class CheckpointFaultTest : public ::testing::TestWithParam<Fault> {};

TEST_P(CheckpointFaultTest, AFailureAtAnyPointLeavesAStateToResumeFrom) {
  const Layout layout = {.workers = 2, .servers = 2, .shards = 3};
  const auto clean_files = NewMemoryFiles();
  WriteJobLog(*clean_files, "train", RichSchema(), 250, 1);
  const std::string expected = OutcomeOf(*clean_files, Config(), layout).state;

  uint32_t failures = 0, resumed = 0;
  for (uint64_t at = 0;; at += at < 8 ? 1 : 3) {
    const auto files = NewMemoryFiles();
    WriteJobLog(*files, "train", RichSchema(), 250, 1);
    const auto faulty = NewFaultyFiles(*files, PlanOf(GetParam(), at));
    const Status status = TrainOn(*faulty, Config(), layout).status;
    if (status.ok() && at > 60) break;  // it is behind the run's last call
    if (status.ok()) continue;          // an old checkpoint was to be removed: a warning
    ++failures;
    EXPECT_NE(status.message().find("injected"), std::string::npos) << status.ToString();
    const auto newest = worker::FindCheckpoint(*files, "ckpt");
    ASSERT_TRUE(newest.ok());
    if (newest->has_value()) {
      const auto manifest = worker::ReadManifest(*files, **newest);
      ASSERT_TRUE(manifest.ok()) << manifest.status().ToString();
      EXPECT_TRUE(worker::VerifyFiles(*files, **newest, *manifest).ok());
      ++resumed;
    }
    EXPECT_TRUE(OutcomeOf(*files, Config(), {.servers = 2}, true).state == expected)
        << "after call " << at << " failed with " << status.ToString();
    ASSERT_LT(at, 500u);
  }
  EXPECT_GT(failures, 5u);
  EXPECT_GT(resumed, 2u);
}

std::string NameOf(const ::testing::TestParamInfo<Fault>& fault) {
  switch (fault.param) {
    case Fault::kWrite:
      return "Write";
    case Fault::kHalfWrite:
      return "HalfWrite";
    case Fault::kSync:
      return "Sync";
    case Fault::kRename:
      return "Rename";
  }
  return "";
}

INSTANTIATE_TEST_SUITE_P(Faults, CheckpointFaultTest,
                         ::testing::Values(Fault::kWrite, Fault::kHalfWrite, Fault::kSync,
                                           Fault::kRename),
                         NameOf);

}  // namespace
}  // namespace chorus::e2e
