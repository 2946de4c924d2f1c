#include "worker/steps/step_reader.h"

#include <gtest/gtest.h>

#include "common/strings.h"
#include "tests/worker/log/log_testing.h"
#include "worker/log/log_reader.h"

namespace chorus::worker::testing {
namespace {

std::unique_ptr<Objective> MakeBaseMethod() {
  ObjectiveConfig config;
  config.mutable_base();
  return std::move(MakeObjective(config, 1)).value();
}

class StepReaderTest : public ::testing::Test {
 protected:
  StepReaderTest() {
    std::vector<Batch> blocks;
    for (uint32_t b = 0; b < 6; ++b) blocks.push_back(MakeBatch(FullSchema(), 25, 4, 100 * b));
    WriteLog(*files_, "log", FullSchema(), blocks);
  }

  void Open() {
    auto log = LogReader::Open(*files_, {"log"});
    ASSERT_TRUE(log.ok()) << log.status().ToString();
    log_ = std::move(log).value();
    ReadingOptions order;
    order.epochs = 2;
    order.context_chunk = 16;
    order.window_blocks = 4;
    order.grain_rows = 8;
    order.grains_per_step = 4;
    auto plan = ReadingPlan::Make(*log_, order);
    ASSERT_TRUE(plan.ok()) << plan.status().ToString();
    plan_ = std::move(plan).value();
    options_.grains = {1, 3};
    options_.slot_reads = {{{0, 0}, {1, 1}}, {{0, 1}, {2, 0}}};
    options_.tables = 2;
    options_.objective = base_.get();
    options_.shards = 5;
    options_.last_step = plan_->total_steps();
  }

  std::unique_ptr<FileSystem> files_ = NewMemoryFiles();
  std::unique_ptr<LogReader> log_;
  std::unique_ptr<ReadingPlan> plan_;
  std::unique_ptr<Objective> base_ = MakeBaseMethod();  // two groups
  StepReaderOptions options_;
};

// By number of reader threads.
class StepReaderThreadsTest : public StepReaderTest,
                              public ::testing::WithParamInterface<uint32_t> {
 protected:
  StepReaderThreadsTest() { options_.threads = GetParam(); }
};
INSTANTIATE_TEST_SUITE_P(Threads, StepReaderThreadsTest, ::testing::Values(1, 2, 5));

TEST_P(StepReaderThreadsTest, GivesThePlansGrainsInOrderWithKeysPositionsAndLabelCounts) {
  Open();
  StepReader reader(*plan_, options_);
  const auto direct = plan_->NewReader(options_.grains);
  SparseLookup lookup(options_.slot_reads, 2, 5);
  uint64_t seen = 0, unique = 0;
  for (uint64_t step = 1; step <= options_.last_step; ++step) {
    auto batch = reader.Next();
    ASSERT_TRUE(batch.ok()) << batch.status().ToString();
    EXPECT_EQ((*batch)->step, step);
    ASSERT_EQ((*batch)->grains.size(), 2u);
    std::vector<Batch> grains(2);
    for (uint32_t g = 0; g < 2; ++g) {
      ASSERT_TRUE(direct->Read(step, 1 + g, &grains[g]).ok());
      EXPECT_TRUE(SameBatch((*batch)->grains[g], grains[g])) << "step " << step;
      const SpaceWeights spaces = base_->SumSpaces(LabelsOf(grains[g]));
      for (int s = 0; s < kSpaces; ++s) EXPECT_EQ((*batch)->spaces[g].sum[s], spaces.sum[s]);
    }
    std::vector<TableKeys> keys;
    std::vector<GrainPositions> positions;
    lookup.Resolve(grains, &keys, &positions);
    ASSERT_EQ((*batch)->keys.size(), 4u);  // both tables once a group
    for (size_t t = 0; t < 4; ++t) {
      EXPECT_EQ((*batch)->keys[t].keys, keys[t % 2].keys);
      EXPECT_EQ((*batch)->keys[t].shard_counts, keys[t % 2].shard_counts);
      unique += keys[t % 2].keys.size();
    }
    for (size_t g = 0; g < 2; ++g) {
      EXPECT_EQ((*batch)->positions[g].context, positions[g].context);
      EXPECT_EQ((*batch)->positions[g].exposure, positions[g].exposure);
      for (const auto& column : positions[g].context) seen += column.size();
      for (const auto& column : positions[g].exposure) seen += column.size();
    }
    reader.Recycle(std::move(*batch));
  }
  EXPECT_EQ(reader.keys_seen(), seen);
  EXPECT_EQ(reader.keys_unique(), unique);
}

// A method whose second group is trained after the first.
std::unique_ptr<Objective> MakeStagedMethod() {
  ObjectiveConfig config;
  config.mutable_unbias();
  return std::move(MakeObjective(config, 1)).value();
}

TEST_F(StepReaderTest, GroupsOfLaterStagesHaveNoKeysUntilTheirStage) {
  Open();
  const auto staged = MakeStagedMethod();
  options_.objective = staged.get();
  const StagePlan stages(*plan_, 2, 1, plan_->total_steps());
  options_.stages = &stages;
  StepReader reader(*plan_, options_);
  for (uint64_t step = 1; step <= options_.last_step; ++step) {
    const auto batch = reader.Next();
    ASSERT_TRUE(batch.ok());
    EXPECT_EQ((*batch)->stage, stages.StageOf(step));
    ASSERT_EQ((*batch)->keys.size(), 4u);
    const std::vector<Group>& groups = staged->shape().groups;
    for (size_t t = 0; t < 4; ++t) {
      EXPECT_EQ((*batch)->keys[t].shard_counts.size(), 5u);
      const bool has_keys = groups[t / 2].stage <= (*batch)->stage;
      const size_t trained_first = groups[0].stage == 0 ? 0 : 2;
      EXPECT_EQ((*batch)->keys[t].keys,
                has_keys ? (*batch)->keys[trained_first + t % 2].keys : std::vector<Key>());
    }
  }
}

TEST_P(StepReaderThreadsTest, BeginsAtAnyStep) {
  Open();
  options_.first_step = 5;
  StepReader reader(*plan_, options_);
  const auto batch = reader.Next();
  ASSERT_TRUE(batch.ok());
  EXPECT_EQ((*batch)->step, 5u);
  Batch expected;
  ASSERT_TRUE(plan_->NewReader(options_.grains)->Read(5, 2, &expected).ok());
  EXPECT_TRUE(SameBatch((*batch)->grains[1], expected));
}

TEST_P(StepReaderThreadsTest, StopsInTheMiddleWithoutWaitingForAnybody) {
  Open();
  StepReader reader(*plan_, options_);
  ASSERT_TRUE(reader.Next().ok());
}

TEST_P(StepReaderThreadsTest, AWorkerWithoutGrainsGetsEmptySteps) {
  Open();
  options_.grains = {4, 4};
  StepReader reader(*plan_, options_);
  for (uint64_t step = 1; step <= options_.last_step; ++step) {
    const auto batch = reader.Next();
    ASSERT_TRUE(batch.ok());
    EXPECT_TRUE((*batch)->grains.empty());
    EXPECT_TRUE((*batch)->keys[0].keys.empty());
    EXPECT_EQ((*batch)->keys[0].shard_counts.size(), 5u);
  }
}

TEST_P(StepReaderThreadsTest, ADamagedBlockIsAnErrorThatNamesStepAndFile) {
  std::string bytes = *ReadWholeFile(*files_, "log");
  auto log = LogReader::Open(*files_, {"log"});
  ASSERT_TRUE(log.ok());
  const BlockInfo& block = (*log)->blocks()[3];
  bytes[block.offset + block.bytes / 2] ^= 4;
  ASSERT_TRUE(ReplaceFile(*files_, "log", bytes).ok());
  Open();
  options_.grains = {0, 4};
  uint64_t bad = 1;
  const auto direct = plan_->NewReader(options_.grains);
  for (Batch grain; direct->Read(bad, 0, &grain).ok() && direct->Read(bad, 1, &grain).ok() &&
                    direct->Read(bad, 2, &grain).ok() && direct->Read(bad, 3, &grain).ok();) {
    ++bad;
  }
  StepReader reader(*plan_, options_);
  for (uint64_t step = 1; step < bad; ++step) {
    const Status status = reader.Next().status();
    EXPECT_TRUE(status.ok()) << status.ToString();
  }
  const Status status = reader.Next().status();
  EXPECT_EQ(status.code(), Code::kDataLoss) << status.ToString();
  EXPECT_NE(status.message().find(StrCat("reading step ", bad, ": ")), std::string::npos)
      << status.ToString();
  EXPECT_NE(status.message().find("log"), std::string::npos) << status.ToString();
  EXPECT_EQ(reader.Next().status().code(), Code::kDataLoss) << "the error stays";
}

}  // namespace
}  // namespace chorus::worker::testing
