// A run that was cut and continued ends with the state and the reports of the run that never was,
// on whatever layout it goes on.

#include <gtest/gtest.h>

#include "tests/e2e/resume_testing.h"
#include "tests/support/faulty_files.h"
#include "worker/math/bf16_tiles.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::e2e {
namespace {

constexpr char kEveryStep[] = R"(
  checkpoint { every_steps: 1 } evaluate { log: "test" every_steps: 4 } report { every_steps: 2 }
  table { name: "a" dim: 4 optimizer { adam { lr: 0.01 } }
          schedule { warmup_steps: 3 decay: LINEAR } }
  table { name: "b" dim: 3 optimizer { ftrl {} } clip_norm: 0.5 weight_decay: 0.01 }
)";
constexpr char kModel[] = R"(
  model { optimizer { adamw {} } clip_norm: 1 schedule { decay: COSINE } }
  objective { chorus_cvr {} })";

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

class ResumeTest : public ::testing::TestWithParam<uint32_t> {};

TEST_P(ResumeTest, FromEveryCheckpointOnAnotherLayoutEqualsTheUninterruptedRun) {
  ExpectEveryCheckpointResumes(
      JobConfig(StrCat(kEveryStep, kModel, "step { pull_ahead: ", GetParam(), " }")));
}

// One method of each kind: sampling, weight sums, a dynamic ratio, stages, dropout and batch norm,
// attention.
class ResumeMethodTest : public ::testing::TestWithParam<const char*> {};

TEST_P(ResumeMethodTest, FromEveryCheckpointInAnyStageEqualsTheUninterruptedRun) {
  ExpectEveryCheckpointResumes(JobConfig(StrCat(
      kEveryStep, "step { pull_ahead: 1 } objective { ", GetParam(), " }",
      "model { optimizer { adamw {} } batch_norm: true tower { hidden: [12, 6] dropout: 0.2 } }")));
}

INSTANTIATE_TEST_SUITE_P(Methods, ResumeMethodTest,
                         ::testing::Values("aman { rho: 0.5 }", "dcmt { snips: true }", "nise {}",
                                           "unbias {}", "ukd {}", "ddpo { ctm: true }"));

TEST(ResumeTest, WithTablesOfTowersAndFrozenPartsFromEveryCheckpointEqualsTheUninterruptedRun) {
  ExpectEveryCheckpointResumes(JobConfig(StrCat(
      kEveryStep, "step { pull_ahead: 1 } slot { name: '*' embedding: SHARED_AND_OWN } ",
      "model { optimizer { adamw {} } batch_norm: true tower { hidden: [12, 6] } ",
      "tower { head: 'ctr' hidden: [8] trainable: false } transfer { from: 'ctr' to: 'cvr' } }")));
}

// Weights are rounded once for each change of them: a run that goes on rounds those it has read.
TEST(ResumeTest, InBf16FromEveryCheckpointEqualsTheUninterruptedRun) {
  if (worker::Bf16KernelsFor(ComputeConfig::NATIVE) == nullptr) {
    GTEST_SKIP() << "this CPU has neither AMX nor AVX512-BF16";
  }
  ExpectEveryCheckpointResumes(
      JobConfig(StrCat(kEveryStep, kModel, "compute { precision: BF16 }")));
}

TEST(ResumeTest, AFieldThatTheCheckpointsBuildDidNotHaveCountsAsItsDefault) {
  const auto files = FilesWithLogs();
  const TrainConfig config = JobConfig("data { max_steps: 4 }");
  const std::string folder = TrainOn(*files, config, Layout()).first().checkpoint;
  CheckpointManifest manifest = *worker::ReadManifest(*files, folder);
  manifest.mutable_config()->mutable_table(0)->clear_trainable();
  manifest.mutable_config()->mutable_slot(0)->set_max_length(20);  // for every slot once
  ASSERT_TRUE(worker::WriteManifest(*files, folder, manifest).ok());
  const Trained resumed = TrainOn(*files, With(config, "data { max_steps: 6 }"), Layout(), true);
  ASSERT_TRUE(resumed.status.ok()) << resumed.status.ToString();
  manifest = *worker::ReadManifest(*files, resumed.first().checkpoint);
  manifest.mutable_config()->mutable_table(0)->set_trainable(false);
  ASSERT_TRUE(worker::WriteManifest(*files, resumed.first().checkpoint, manifest).ok());
  const Status refused = TrainOn(*files, config, Layout(), true).status;
  EXPECT_NE(refused.message().find("table.0.trainable: false | true"), std::string::npos)
      << refused.ToString();
}

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

INSTANTIATE_TEST_SUITE_P(PullAhead, ResumeTest, ::testing::Values(0, 1, 2));

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

}  // namespace
}  // namespace chorus::e2e
