// What a run is not continued from, or warmly started: checkpoints of other configurations and
// logs, damaged ones, files of another run's. Each is refused by name.

#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "launch/command/canonical.h"
#include "tests/e2e/resume_testing.h"
#include "worker/train/checkpoint_store.h"

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
      {"compute { precision: BF16 }", "compute.precision"},
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
    const std::string schedule =
        decaying[0] == 't' ? "by table.0.schedule, " : "by model.schedule, ";
    for (const std::string& part :
         {std::string("data.max_steps"), schedule, std::string("warm_start.checkpoint=")}) {
      EXPECT_NE(status.message().find(part), std::string::npos) << status.ToString();
    }
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

// Its version and how the checkpoint is cut are read before the checksum is compared.
TEST(RefusedCheckpointTest, ADamagedHeaderIsNotTakenForAnotherVersionOrMissingFiles) {
  constexpr size_t kVersion = 8, kShards = 16, kStep = 24;
  const TrainConfig config = JobConfig();
  for (const size_t at : {kVersion, kShards, kStep}) {
    const auto files = FilesWithLogs();
    const Trained trained = TrainOn(*files, config, Layout());
    ASSERT_TRUE(trained.status.ok());
    const std::string path = JoinPath(trained.first().checkpoint, "shard-00000.rows");
    std::string bytes = *ReadWholeFile(*files, path);
    bytes[at] ^= 8;
    ASSERT_TRUE(ReplaceFile(*files, path, bytes).ok());
    const Status status = TrainOn(*files, config, {.workers = 2, .servers = 2}, true).status;
    EXPECT_EQ(status.code(), Code::kDataLoss) << status.ToString();
    EXPECT_NE(status.message().find("shard-00000.rows"), std::string::npos) << status.ToString();
    EXPECT_NE(status.message().find("--fallback"), std::string::npos) << status.ToString();
  }
}

// Makes a float of a checkpoint's file a NaN, and every checksum fit again.
void PutNan(FileSystem& files, const std::string& folder, const std::string& name, size_t at) {
  const std::string path = JoinPath(folder, name);
  std::string bytes = *ReadWholeFile(files, path);
  const size_t body = bytes.size() - sizeof(uint64_t);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::memcpy(&bytes[at < body ? at : body - at % 4 - 4], &nan, sizeof(nan));
  const uint64_t checksum = Checksum(std::string_view(bytes).substr(0, body));
  std::memcpy(&bytes[body], &checksum, sizeof(checksum));
  ASSERT_TRUE(ReplaceFile(files, path, bytes).ok());
  CheckpointManifest manifest = *worker::ReadManifest(files, folder);
  for (CheckpointFile& file : *manifest.mutable_file()) {
    if (file.name() == name) file.set_checksum(Checksum(bytes));
  }
  ASSERT_TRUE(worker::WriteManifest(files, folder, manifest).ok());
}

TEST(RefusedCheckpointTest, ValuesThatAreNotFiniteAreRefusedByAllWhoRead) {
  for (const std::string name : {"dense.bin", "shard-00003.rows"}) {
    const auto files = FilesWithLogs();
    const Trained trained = TrainOn(*files, JobConfig(), Layout());
    ASSERT_TRUE(trained.status.ok());
    const std::string& folder = trained.first().checkpoint;
    // The last value of dense.bin; in the shard the first row's first weight, behind the headers of
    // the file and of table "a".
    PutNan(*files, folder, name, name == "dense.bin" ? SIZE_MAX - 3 : 40 + 40 + 8 + 16);
    const auto skip = [](std::string_view) { return Status::Ok(); };
    for (const Status& status :
         {launch::WriteCanonical(*files, folder, skip),
          EvaluateOn(*files, JobConfig("evaluate { log: 'test' }"), Layout(), folder).status(),
          TrainOn(*files, JobConfig(), {.workers = 2}, true).status,
          TrainOn(*files, StandStill("checkpoint: 'ckpt'"), Layout()).status}) {
      EXPECT_EQ(status.code(), Code::kDataLoss) << status.ToString();
      EXPECT_NE(status.message().find("not finite"), std::string::npos) << status.ToString();
      EXPECT_NE(status.message().find(name), std::string::npos) << status.ToString();
    }
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
