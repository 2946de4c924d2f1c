// Jobs under mpirun: the same bits as one process, whatever the placement; and every error a user
// can cause ends the job soon, with exit code 1 and the reason.

#include "tests/e2e/command_testing.h"

namespace chorus::e2e {
namespace {

using MpirunTest = CommandTest;

constexpr char kJob[] =
    "objective { chorus_cvr {} } step { pull_ahead: 1 } checkpoint { every_steps: 3 }";

TEST_F(MpirunTest, AnyPlacementTrainsTheBitsOfOneProcess) {
  ExpectSuccess(Run(0, Command("train", Config("one", kJob))));
  const Outcome one = OutcomeOfRun("one");
  EXPECT_GT(one.state.size(), 1000u);
  const struct {
    const char* run;
    uint32_t ranks;
    std::vector<std::string> sets;
  } jobs[] = {
      {"dedicated-1-2", 3, {}},
      {"dedicated-2-3", 5, {"--set", "cluster.servers=2", "--set", "cluster.shards=5"}},
      {"colocated-2", 2, {"--set", "cluster.placement=COLOCATED", "--set", "compute.threads=2"}},
  };
  for (const auto& job : jobs) {
    const test::Finished finished =
        Run(job.ranks, Command("train", Config(job.run, kJob), job.sets));
    ExpectSuccess(finished);
    EXPECT_NE(finished.output.find("trained to step "), std::string::npos) << finished.output;
    const Outcome outcome = OutcomeOfRun(job.run);
    EXPECT_TRUE(outcome.state == one.state) << job.run;
    EXPECT_EQ(outcome.reports, one.reports) << job.run;
  }
}

TEST_F(MpirunTest, PredictionsAndMetricsAreThoseOfOneProcess) {
  const std::vector<std::string> config = Config("run");
  ExpectSuccess(Run(0, Command("train", config)));
  const std::string one = Path("one.tsv"), many = Path("many.tsv");
  ExpectSuccess(Run(0, Command("predict", config, {"--output", one})));
  ExpectSuccess(Run(3, Command("predict", config, {"--output", many})));
  const std::string text = *ReadWholeFile(files_, one);
  EXPECT_EQ(Split(text, '\n').size(), 1u + 130u + 1u);
  EXPECT_EQ(*ReadWholeFile(files_, many), text);

  const test::Finished plain = Run(0, Command("evaluate", config));
  const test::Finished job =
      Run(2, Command("evaluate", config, {"--set", "cluster.placement=COLOCATED"}));
  ExpectSuccess(plain);
  ExpectSuccess(job);
  EXPECT_NE(plain.output.find("ctcvr"), std::string::npos) << plain.output;
  EXPECT_EQ(job.output, plain.output);

  // Without --config the checkpoint tells the configuration.
  const test::Finished alone =
      Run(0, Command("predict", {"--checkpoint", Path("run/ckpt"), "--log", Path("test")}));
  ExpectSuccess(alone);
  EXPECT_EQ(alone.output, text);
}

TEST_F(MpirunTest, AWrongConfigurationIsNamedOnce) {
  const std::vector<std::string> config = Config("run");
  for (const uint32_t ranks : {0u, 3u}) {
    ExpectFailure(Run(ranks, Command("train", config, {"--set", "step.grain_rows=0"})),
                  "step.grain_rows");
  }
  ExpectFailure(Run(2, Command("train", config, {"--set", "cluster.servers=2"})),
                "leave no worker");
  EXPECT_EQ(Run(0, Command("train", {"--no-such-option"})).code, 2);
}

TEST_F(MpirunTest, AMissingLogIsNamed) {
  const std::vector<std::string> config = Config("run");
  for (const uint32_t ranks : {0u, 3u}) {
    ExpectFailure(Run(ranks, Command("train", config, {"--set", "data.log=" + Path("nowhere")})),
                  "nowhere");
  }
}

TEST_F(MpirunTest, ADamagedBlockOfTheLogEndsTheJobWithItsName) {
  const std::string path = Path("train/part-00000.log");
  const auto log = worker::LogReader::Open(files_, {path});
  ASSERT_TRUE(log.ok());
  const worker::BlockInfo& block = (*log)->blocks()[4];
  std::string bytes = *ReadWholeFile(files_, path);
  bytes[block.offset + block.bytes / 2] ^= 1;
  ASSERT_TRUE(ReplaceFile(files_, path, bytes).ok());
  const std::vector<std::string> config = Config("run");
  for (const uint32_t ranks : {0u, 3u}) {
    const test::Finished finished = Run(ranks, Command("train", config));
    ExpectFailure(finished, "DataLoss");
    EXPECT_NE(finished.errors.find("block 4"), std::string::npos) << finished.errors;
  }
}

TEST_F(MpirunTest, ADamagedCheckpointIsNotResumed) {
  const std::vector<std::string> config = Config("run");
  ExpectSuccess(Run(0, Command("train", config)));
  const std::string path = JoinPath(NewestCheckpoint("run"), "shard-00011.rows");
  std::string bytes = *ReadWholeFile(files_, path);
  bytes[bytes.size() / 2] ^= 1;
  ASSERT_TRUE(ReplaceFile(files_, path, bytes).ok());
  for (const uint32_t ranks : {0u, 3u}) {
    ExpectFailure(Run(ranks, Command("train", config, {"--resume"})), "shard-00011.rows");
  }
  ExpectFailure(Run(0, Command("evaluate", config)), "shard-00011.rows");
  ExpectFailure(
      Run(0, Command("export", {"--checkpoint", Path("run/ckpt"), "--output", Path("out")})),
      "shard-00011.rows");
}

}  // namespace
}  // namespace chorus::e2e
