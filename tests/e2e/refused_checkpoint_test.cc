// What a run is not continued from, or warmly started: checkpoints of other configurations and
// logs, damaged ones, files of another run's. Each is refused by name.

#include <gtest/gtest.h>

#include "launch/command/canonical.h"
#include "tests/e2e/resume_testing.h"

namespace chorus::e2e {
namespace {

TEST(RefusedCheckpointTest, AnotherConfigurationIsRefusedWithTheDifferingField) {
  const auto files = FilesWithLogs();
  ASSERT_TRUE(TrainOn(*files, JobConfig("checkpoint { every_steps: 2 }"), Layout()).status.ok());
  const struct {
    const char* text;
    const char* field;
  } changes[] = {
      {"seed: 8", "seed"},
      {"step { grain_rows: 17 }", "step.grain_rows"},
      {"step { pull_ahead: 1 }", "step.pull_ahead"},
      {"data { epochs: 3 }", "data.epochs"},
      {"model { optimizer { adam { lr: 0.5 } } }", "model.optimizer"},
      {"objective { base {} }", "objective"},
      {"compute { isa: AVX2 }", "compute.isa"},
      {"compute { cuda { precision: BF16 } }", "compute.cuda.precision"},
      {"table { name: 'a' dim: 5 } table { name: 'b' dim: 3 }", "dim"},
  };
  for (const auto& change : changes) {
    const Status status = TrainOn(*files, JobConfig(change.text), {.workers = 2}, true).status;
    EXPECT_EQ(status.code(), Code::kFailedPrecondition) << status.ToString();
    EXPECT_NE(status.message().find(change.field), std::string::npos)
        << change.text << ": " << status.ToString();
  }
}

TEST(RefusedCheckpointTest, AnotherNumberOfStepsIsRefusedWhereADecayEndsWithThem) {
  for (const std::string decaying :
       {"table { name: 'a' dim: 4 schedule { decay: LINEAR } } table { name: 'b' dim: 3 } ",
        "model { schedule { decay: COSINE } } "}) {
    const auto files = FilesWithLogs();
    const TrainConfig config = JobConfig(decaying + "data { max_steps: 3 }");
    ASSERT_TRUE(TrainOn(*files, config, Layout()).status.ok());
    const Status status = TrainOn(*files, JobConfig(decaying), {.workers = 2}, true).status;
    EXPECT_EQ(status.code(), Code::kFailedPrecondition) << status.ToString();
    EXPECT_NE(status.message().find("data.max_steps"), std::string::npos) << status.ToString();
  }
}

TEST(RefusedCheckpointTest, AnotherLogIsRefused) {
  const auto files = FilesWithLogs();
  ASSERT_TRUE(TrainOn(*files, JobConfig(), Layout()).status.ok());
  TrainConfig config = JobConfig();
  config.mutable_data()->set_log(0, "test");
  const Status status = TrainOn(*files, config, Layout(), true).status;
  EXPECT_EQ(status.code(), Code::kFailedPrecondition) << status.ToString();
  EXPECT_NE(status.message().find("another log"), std::string::npos) << status.ToString();
}

TEST(RefusedCheckpointTest, ADamagedFileOfTheCheckpointIsRefusedByName) {
  const TrainConfig config = JobConfig();
  for (const std::string name : {"dense.bin", "shard-00003.rows", "MANIFEST"}) {
    const auto files = FilesWithLogs();
    const Trained trained = TrainOn(*files, config, Layout());
    ASSERT_TRUE(trained.status.ok());
    const std::string path = JoinPath(trained.first().checkpoint, name);
    std::string bytes = *ReadWholeFile(*files, path);
    bytes[bytes.size() / 2] ^= 1;
    ASSERT_TRUE(ReplaceFile(*files, path, bytes).ok());
    const Status status = TrainOn(*files, config, {.workers = 2, .servers = 2}, true).status;
    EXPECT_EQ(status.code(), Code::kDataLoss) << status.ToString();
    EXPECT_NE(status.message().find(name), std::string::npos) << status.ToString();
  }
}

// A file that is whole but another run's, of the same step and shape.
TEST(RefusedCheckpointTest, AFileOfAnotherRunsCheckpointIsRefusedByName) {
  for (const std::string name : {"dense.bin", "shard-00003.rows", "MANIFEST"}) {
    const auto files = FilesWithLogs();
    const Trained trained = TrainOn(*files, JobConfig(), Layout());
    const TrainConfig other =
        JobConfig("model { optimizer { adam { lr: 0.1 } } } checkpoint { directory: 'other' }");
    const Trained second = TrainOn(*files, other, Layout());
    ASSERT_TRUE(trained.status.ok() && second.status.ok());
    const std::string bytes = *ReadWholeFile(*files, JoinPath(second.first().checkpoint, name));
    const std::string& folder = trained.first().checkpoint;
    ASSERT_TRUE(ReplaceFile(*files, JoinPath(folder, name), bytes).ok());
    const std::string named = name == "MANIFEST" ? "dense.bin" : name;
    const Layout layout = {.workers = 2, .servers = 2, .shards = 3};
    const TrainConfig test = JobConfig("evaluate { log: 'test' }");
    const Status evaluated = EvaluateOn(*files, test, layout, folder).status();
    EXPECT_EQ(evaluated.code(), Code::kDataLoss) << evaluated.ToString();
    EXPECT_NE(evaluated.message().find(named), std::string::npos) << evaluated.ToString();
    const Status canonical =
        launch::WriteCanonical(*files, folder, [](std::string_view) { return Status::Ok(); });
    EXPECT_EQ(canonical.code(), Code::kDataLoss) << canonical.ToString();
    const Status warm =
        TrainOn(*files, StandStill("checkpoint: 'ckpt' reset_optimizer: true"), layout).status;
    EXPECT_EQ(warm.code(), Code::kDataLoss) << warm.ToString();
  }
}

}  // namespace
}  // namespace chorus::e2e
