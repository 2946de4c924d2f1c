// A run that was cut and continued ends with the state and the reports of the run that never was,
// on whatever layout it goes on; what does not fit is refused by name; a warm start takes what it
// says from another run.

#include <gtest/gtest.h>

#include "common/strings.h"
#include "launch/canonical.h"
#include "launch/checkpoint_rows.h"
#include "tests/e2e/job_testing.h"
#include "tests/support/faulty_files.h"
#include "worker/checkpoint_store.h"

namespace chorus::e2e {
namespace {

constexpr char kEveryStep[] = R"(
  checkpoint { every_steps: 1 } evaluate { log: "test" every_steps: 4 } report { every_steps: 2 }
  table { name: "a" dim: 4 optimizer { adam { lr: 0.01 } } schedule { warmup_steps: 3 decay: LINEAR } }
  table { name: "b" dim: 3 optimizer { ftrl {} } clip_norm: 0.5 weight_decay: 0.01 }
)";
constexpr char kModel[] = R"(
  model { optimizer { adamw {} } clip_norm: 1 schedule { decay: COSINE } }
  objective { chorus_cvr {} })";

std::unique_ptr<FileSystem> FilesWithLogs() {
  auto files = NewMemoryFiles();
  WriteJobLog(*files, "train", RichSchema(), 500, 1);
  WriteJobLog(*files, "test", RichSchema(), 100, 2);
  return files;
}

const Layout kLayouts[] = {
    {.workers = 3, .servers = 2, .threads = 2, .server_threads = 2, .shards = 5},
    {.workers = 1, .servers = 3, .shards = 64},
    {.workers = 4, .servers = 1, .shards = 1, .tcp = true},
    {.workers = 2, .servers = 2, .threads = 3, .shards = 7},
};

// The newest of its checkpoints that `files` holds.
uint64_t LastStep(FileSystem& files) {
  const auto newest = worker::FindCheckpoint(files, "ckpt");
  EXPECT_TRUE(newest.ok() && newest->has_value());
  return worker::ReadManifest(files, **newest)->step();
}

void ExpectEveryCheckpointResumes(const TrainConfig& config) {
  const auto files = FilesWithLogs();
  const Outcome whole = OutcomeOf(*files, config, Layout());
  const uint64_t last = LastStep(*files);
  ASSERT_GE(last, 8u);
  const auto reports = ReadWholeFile(*files, "metrics.jsonl");
  ASSERT_TRUE(reports.ok());
  for (uint64_t step = 1; step < last; ++step) {
    const std::string directory = StrCat("from-", step);
    CopyCheckpoint(*files, "ckpt", step, directory);
    TrainConfig resumed = config;
    resumed.mutable_checkpoint()->set_directory(directory);
    resumed.mutable_report()->set_metrics(directory + "/metrics.jsonl");
    ASSERT_TRUE(ReplaceFile(*files, resumed.report().metrics(), *reports).ok());
    const Outcome outcome = OutcomeOf(*files, resumed, kLayouts[step % 4], true);
    EXPECT_TRUE(outcome.state == whole.state) << "resumed after step " << step;
    EXPECT_EQ(outcome.reports, whole.reports) << "resumed after step " << step;
  }
}

class ResumeTest : public testing::TestWithParam<uint32_t> {};

TEST_P(ResumeTest, FromEveryCheckpointOnAnotherLayoutEqualsTheUninterruptedRun) {
  ExpectEveryCheckpointResumes(
      JobConfig(StrCat(kEveryStep, kModel, "step { pull_ahead: ", GetParam(), " }")));
}

// One method of each kind: sampling, weight sums, a dynamic ratio, stages, dropout and batch norm,
// attention.
class ResumeMethodTest : public testing::TestWithParam<const char*> {};

TEST_P(ResumeMethodTest, FromEveryCheckpointInAnyStageEqualsTheUninterruptedRun) {
  ExpectEveryCheckpointResumes(JobConfig(StrCat(
      kEveryStep, "step { pull_ahead: 1 } objective { ", GetParam(), " }",
      "model { optimizer { adamw {} } batch_norm: true tower { hidden: [12, 6] dropout: 0.2 } }")));
}

INSTANTIATE_TEST_SUITE_P(Methods, ResumeMethodTest,
                         testing::Values("aman { rho: 0.5 }", "dcmt { snips: true }", "nise {}",
                                         "unbias {}", "ukd {}", "ddpo { ctm: true }"));

TEST(ResumeTest, ACheckpointKnowsItsStage) {
  const auto files = FilesWithLogs();
  OutcomeOf(*files, JobConfig("checkpoint { every_steps: 1 } objective { unbias {} }"), Layout());
  const uint64_t last = LastStep(*files);
  for (uint64_t step = 1; step <= last; ++step) {
    const auto manifest = worker::ReadManifest(*files, worker::CheckpointFolder("ckpt", step));
    ASSERT_TRUE(manifest.ok());
    EXPECT_EQ(manifest->stage(), step <= last / 2 ? 0u : 1u) << "step " << step;
  }
}

TEST_P(ResumeTest, CheckpointsThatTheResumedRunWritesAreThoseOfTheFirst) {
  const TrainConfig config =
      JobConfig(StrCat(kEveryStep, kModel, "step { pull_ahead: ", GetParam(), " }"));
  const auto files = FilesWithLogs();
  OutcomeOf(*files, config, kLayouts[0]);
  const uint64_t last = LastStep(*files);
  CopyCheckpoint(*files, "ckpt", 2, "again");
  TrainConfig resumed = config;
  resumed.mutable_checkpoint()->set_directory("again");
  OutcomeOf(*files, resumed, kLayouts[1], true);
  for (uint64_t step = 3; step <= last; ++step) {
    EXPECT_TRUE(Canonical(*files, worker::CheckpointFolder("again", step)) ==
                Canonical(*files, worker::CheckpointFolder("ckpt", step)))
        << "step " << step;
  }
}

TEST_P(ResumeTest, AFinishedRunGoesOnWithMoreStepsAsIfItHadNeverEnded) {
  const std::string job = StrCat("step { pull_ahead: ", GetParam(), " }");
  const auto files = FilesWithLogs();
  const Outcome whole = OutcomeOf(*files, JobConfig(job), Layout());
  ASSERT_TRUE(files->RemoveRecursively("ckpt").ok());
  for (const uint32_t steps : {3u, 4u, 7u}) {
    const TrainConfig config = JobConfig(StrCat(job, "data { max_steps: ", steps, " }"));
    const Trained trained = TrainOn(*files, config, kLayouts[steps % 4], true);
    ASSERT_TRUE(trained.status.ok()) << trained.status.ToString();
    EXPECT_EQ(trained.first().steps, steps);
  }
  EXPECT_TRUE(OutcomeOf(*files, JobConfig(job), kLayouts[0], true).state == whole.state);
}

TEST(ResumeTest, AFinishedRunThatIsResumedReportsItsLastEvaluationOnce) {
  const TrainConfig config = JobConfig("evaluate { log: \"test\" }");
  const auto files = FilesWithLogs();
  const Outcome once = OutcomeOf(*files, config, Layout());
  const Outcome again = OutcomeOf(*files, config, kLayouts[0], true);
  EXPECT_NE(once.reports.size(), 0u);
  EXPECT_EQ(again.reports, once.reports);
}

INSTANTIATE_TEST_SUITE_P(PullAhead, ResumeTest, testing::Values(0, 1, 2));

TEST(ResumeTest, AFinishedRunIsLeftAsItIs) {
  const TrainConfig config = JobConfig();
  const auto files = FilesWithLogs();
  const Outcome first = OutcomeOf(*files, config, Layout());
  const Outcome again = OutcomeOf(*files, config, kLayouts[0], true);
  EXPECT_TRUE(again.state == first.state);
  EXPECT_EQ(again.reports, first.reports);
}

TEST(ResumeTest, WithoutACheckpointStartsFromTheBeginning) {
  const TrainConfig config = JobConfig();
  const auto files = FilesWithLogs();
  const Outcome fresh = OutcomeOf(*files, config, Layout());
  ASSERT_TRUE(files->RemoveRecursively("ckpt").ok());
  EXPECT_TRUE(OutcomeOf(*files, config, Layout(), true).state == fresh.state);
}

TEST(ResumeTest, AnotherConfigurationIsRefusedWithTheDifferingField) {
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
      {"table { name: 'a' dim: 5 } table { name: 'b' dim: 3 }", "dim"},
  };
  for (const auto& change : changes) {
    const Status status = TrainOn(*files, JobConfig(change.text), {.workers = 2}, true).status;
    EXPECT_EQ(status.code(), Code::kFailedPrecondition) << status.ToString();
    EXPECT_NE(status.message().find(change.field), std::string::npos)
        << change.text << ": " << status.ToString();
  }
}

TEST(ResumeTest, AnotherNumberOfStepsIsRefusedWhereADecayEndsWithThem) {
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

TEST(ResumeTest, AnotherLogIsRefused) {
  const auto files = FilesWithLogs();
  ASSERT_TRUE(TrainOn(*files, JobConfig(), Layout()).status.ok());
  TrainConfig config = JobConfig();
  config.mutable_data()->set_log(0, "test");
  const Status status = TrainOn(*files, config, Layout(), true).status;
  EXPECT_EQ(status.code(), Code::kFailedPrecondition) << status.ToString();
  EXPECT_NE(status.message().find("another log"), std::string::npos) << status.ToString();
}

TEST(ResumeTest, ReadingACheckpointMayTakeLongerThanAStep) {
  const auto files = FilesWithLogs();
  TrainConfig config = With(JobConfig(StrCat(kEveryStep, kModel)),
                            "cluster { deadline_seconds: 1 } data { max_steps: 2 }");
  const Layout layout = {.workers = 2, .servers = 2, .shards = 16};
  OutcomeOf(*files, config, layout);
  CopyCheckpoint(*files, "ckpt", 1, "from-1");
  config.mutable_checkpoint()->set_directory("from-1");
  config.mutable_report()->clear_metrics();
  const auto slow = NewFaultyFiles(*files, {.open_seconds = 0.15});

  // It has a deadline of its own.
  const Trained late =
      TrainOn(*slow, With(config, "checkpoint { deadline_minutes: 0.005 }"), layout, true);
  EXPECT_EQ(late.status.code(), Code::kDeadlineExceeded) << late.status.ToString();
  EXPECT_NE(late.status.message().find("server"), std::string::npos) << late.status.ToString();

  const Trained resumed = TrainOn(*slow, config, layout, true);
  EXPECT_TRUE(resumed.status.ok()) << resumed.status.ToString();
}

TEST(ResumeTest, ADamagedFileOfTheCheckpointIsRefusedByName) {
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

// One step with learning rate 0: what a warm start brought is what it leaves.
TrainConfig StandStill(const std::string& warm_start) {
  return JobConfig(StrCat(R"(
      data { max_steps: 1 }
      table { name: "a" dim: 4 optimizer { adagrad { lr: 0 } } }
      table { name: "b" dim: 3 optimizer { adagrad { lr: 0 } } }
      model { optimizer { adam { lr: 0 } } }
      checkpoint { directory: "warm" } warm_start { )",
                          warm_start, "}"));
}

// A file that is whole but another run's, of the same step and shape.
TEST(ResumeTest, AFileOfAnotherRunsCheckpointIsRefusedByName) {
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

// Weights by table and key, and the largest count of updates of a row.
struct Rows {
  std::string weights;
  uint32_t largest_count = 0;
};
Rows RowsOf(FileSystem& files, const std::string& checkpoint) {
  Rows out;
  const auto manifest = worker::ReadManifest(files, checkpoint);
  EXPECT_TRUE(manifest.ok());
  const auto rows = launch::CheckpointRows::Open(files, checkpoint, *manifest);
  EXPECT_TRUE(rows.ok());
  for (uint32_t t = 0; t < (*rows)->tables().size(); ++t) {
    const uint32_t dim = (*rows)->tables()[t].dim;
    EXPECT_TRUE((*rows)
                    ->Visit(t,
                            [&](const ps::ShardRow& row) {
                              out.weights.append(reinterpret_cast<const char*>(&row.key), 8);
                              out.weights.append(reinterpret_cast<const char*>(row.weights),
                                                 dim * sizeof(float));
                              out.largest_count = std::max(out.largest_count, row.count);
                              return Status::Ok();
                            })
                    .ok());
  }
  return out;
}

Result<worker::DenseState> DenseStateOf(FileSystem& files, const std::string& checkpoint) {
  ASSIGN_OR_RETURN(const CheckpointManifest manifest, worker::ReadManifest(files, checkpoint));
  return worker::ReadDenseState(files, checkpoint, manifest);
}

TEST(WarmStartTest, KeepsWeightsAndOptimizerStateOfAnotherRun) {
  const auto files = FilesWithLogs();
  const Trained source = TrainOn(*files, JobConfig(), {.workers = 2, .servers = 2});
  ASSERT_TRUE(source.status.ok());
  const Trained warm =
      TrainOn(*files, StandStill("checkpoint: 'ckpt'"), {.workers = 2, .shards = 3});
  ASSERT_TRUE(warm.status.ok()) << warm.status.ToString();
  EXPECT_EQ(warm.first().steps, 1u);
  const Rows before = RowsOf(*files, source.first().checkpoint);
  const Rows after = RowsOf(*files, warm.first().checkpoint);
  EXPECT_TRUE(after.weights == before.weights);
  EXPECT_GE(after.largest_count, before.largest_count);
  const auto old_dense = DenseStateOf(*files, source.first().checkpoint);
  const auto new_dense = DenseStateOf(*files, warm.first().checkpoint);
  ASSERT_TRUE(old_dense.ok() && new_dense.ok());
  EXPECT_EQ(new_dense->updates, old_dense->updates + 1);
  ASSERT_EQ(new_dense->arrays.size(), old_dense->arrays.size());
  for (size_t i = 0; i < old_dense->arrays.size(); ++i) {
    if (!old_dense->arrays[i].name.starts_with("weight/")) continue;
    EXPECT_EQ(new_dense->arrays[i].values, old_dense->arrays[i].values)
        << old_dense->arrays[i].name;
  }
}

TEST(WarmStartTest, ResetForgetsOptimizerState) {
  const auto files = FilesWithLogs();
  const Trained source = TrainOn(*files, JobConfig(), Layout());
  ASSERT_TRUE(source.status.ok());
  const Trained warm = TrainOn(*files, StandStill("checkpoint: 'ckpt' reset_optimizer: true"),
                               {.servers = 2, .shards = 64});
  ASSERT_TRUE(warm.status.ok()) << warm.status.ToString();
  EXPECT_TRUE(RowsOf(*files, warm.first().checkpoint).weights ==
              RowsOf(*files, source.first().checkpoint).weights);
  const auto dense = DenseStateOf(*files, warm.first().checkpoint);
  ASSERT_TRUE(dense.ok());
  EXPECT_EQ(dense->updates, 1u);
}

TEST(WarmStartTest, GivesTheSameBitsOnAnyLayoutAndSurvivesAResume) {
  const auto files = FilesWithLogs();
  ASSERT_TRUE(TrainOn(*files, JobConfig(), Layout()).status.ok());
  const TrainConfig config = JobConfig(
      "checkpoint { directory: 'w' every_steps: 3 } warm_start { checkpoint: 'ckpt' } step { "
      "pull_ahead: 1 } "
      "seed: 9");
  const Outcome whole = OutcomeOf(*files, config, Layout());
  CopyCheckpoint(*files, "w", 3, "w-cut");
  TrainConfig resumed = config;
  resumed.mutable_checkpoint()->set_directory("w-cut");
  EXPECT_TRUE(OutcomeOf(*files, resumed, kLayouts[0], true).state == whole.state);
}

TEST(WarmStartTest, TheStateOfAnotherOptimizerIsRefusedUnlessReset) {
  const auto files = FilesWithLogs();
  // Equal numbers of floats of state.
  const std::string source =
      "table { name: 'a' dim: 4 optimizer { adagrad {} } } table { name: 'b' dim: 3 } ";
  ASSERT_TRUE(TrainOn(*files, JobConfig(source), Layout()).status.ok());
  const struct {
    std::string text;
    std::string named;
  } changes[] = {
      {"table { name: 'a' dim: 4 optimizer { sgd {} } } table { name: 'b' dim: 3 } ", "table a"},
      {"table { name: 'a' dim: 4 optimizer { ftrl {} } } table { name: 'b' dim: 3 } ", "ftrl"},
      {source + "model { optimizer { adamw {} } } ", "model.optimizer"},
  };
  for (const auto& change : changes) {
    const std::string warm =
        change.text + "checkpoint { directory: 'warm' } warm_start { checkpoint: 'ckpt' } ";
    const Status status = TrainOn(*files, JobConfig(warm), {.workers = 2}).status;
    EXPECT_EQ(status.code(), Code::kFailedPrecondition) << status.ToString();
    EXPECT_NE(status.message().find(change.named), std::string::npos) << status.ToString();
    EXPECT_NE(status.message().find("reset_optimizer"), std::string::npos) << status.ToString();
    const TrainConfig reset = JobConfig(warm + "warm_start { reset_optimizer: true }");
    EXPECT_TRUE(TrainOn(*files, reset, Layout()).status.ok());
    ASSERT_TRUE(files->RemoveRecursively("warm").ok());
  }
}

TEST(WarmStartTest, NumericColumnsNormalisedOtherwiseAreRefused) {
  const auto files = FilesWithLogs();
  ASSERT_TRUE(TrainOn(*files, JobConfig(), Layout()).status.ok());
  worker::LogSchema schema = RichSchema();
  ASSERT_FALSE(schema.numerics.empty());
  schema.numerics[0].mean += 1;
  WriteJobLog(*files, "shifted", schema, 200, 3);
  TrainConfig config = JobConfig(
      "checkpoint { directory: 'warm' } warm_start { checkpoint: 'ckpt' reset_optimizer: true }");
  config.mutable_data()->set_log(0, "shifted");
  const Status status = TrainOn(*files, config, {.workers = 2}).status;
  EXPECT_EQ(status.code(), Code::kFailedPrecondition) << status.ToString();
  EXPECT_NE(status.message().find("numeric"), std::string::npos) << status.ToString();
}

TEST(WarmStartTest, AMissingCheckpointIsNamed) {
  const auto files = FilesWithLogs();
  const Status status =
      TrainOn(*files, JobConfig("warm_start { checkpoint: 'nowhere' }"), {.workers = 2}).status;
  EXPECT_EQ(status.code(), Code::kNotFound) << status.ToString();
  EXPECT_NE(status.message().find("nowhere"), std::string::npos);
}

}  // namespace
}  // namespace chorus::e2e
