// A log that grows while it is trained (data.follow_seconds): whenever its files come, whoever
// computes, and wherever the run was cut and continued, the model is that of the files alone.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <set>

#include "common/config.h"
#include "common/forwarding_files.h"
#include "tests/e2e/resume_testing.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::e2e {
namespace {

constexpr char kFollow[] = R"(
  data { follow_seconds: 0.02 epochs: 1 } evaluate { log: "test" } report { every_steps: 2 }
  table { name: "a" dim: 4 optimizer { adam { lr: 0.01 } } schedule { warmup_steps: 3 } }
  table { name: "b" dim: 3 optimizer { adagrad {} } clip_norm: 0.5 }
  model { optimizer { adamw {} } tower { hidden: [12, 6] dropout: 0.2 } }
  objective { chorus_cvr {} } cluster { deadline_seconds: 20 } )";

// Exposures of each file of the log. One is smaller than a step.
constexpr uint32_t kRows[] = {230, 40, 170, 210};

std::string NameOf(size_t file) { return StrCat("part-0000", file, ".log"); }

// Files of the log as a producer has them, in "made".
std::unique_ptr<FileSystem> FilesToCome() {
  auto files = NewMemoryFiles();
  WriteJobLog(*files, "test", RichSchema(), 100, 99);
  for (size_t i = 0; i < std::size(kRows); ++i) {
    WriteJobLog(*files, StrCat("made-", i), RichSchema(), kRows[i], i + 1);
  }
  return files;
}
void Deliver(FileSystem& files, size_t file, const std::string& folder = "train") {
  ASSERT_TRUE(files.CreateDirectories(folder).ok());
  ASSERT_TRUE(
      files.Rename(StrCat("made-", file, "/part-00000.log"), JoinPath(folder, NameOf(file))).ok());
}
std::unique_ptr<FileSystem> FilesThatAreThere() {
  auto files = FilesToCome();
  for (size_t i = 0; i < std::size(kRows); ++i) Deliver(*files, i);
  return files;
}

// Trains while file i + 1 comes at step at[i].
Trained TrainWhileFilesCome(FileSystem& files, const TrainConfig& config, const Layout& layout,
                            const std::vector<uint64_t>& at) {
  Trained trained;
  trained.workers.resize(layout.workers);
  size_t next = 0;
  trained.status =
      RunOn(files, config, layout,
            [&](const TrainConfig& job, const worker::WorkerEnvironment& given) -> Status {
              worker::WorkerEnvironment environment = given;
              const uint32_t rank = environment.collective->rank();
              if (rank == 0) {
                environment.on_step = [&](uint64_t step, const worker::StepTimes&) {
                  for (; next < at.size() && at[next] == step; ++next) Deliver(files, next + 1);
                };
              }
              ASSIGN_OR_RETURN(trained.workers[rank],
                               worker::Train(job, worker::Resume::kNothing, environment));
              return Status::Ok();
            });
  return trained;
}

std::string StateOf(FileSystem& files, const Trained& trained) {
  EXPECT_TRUE(trained.status.ok()) << trained.status.ToString();
  return trained.status.ok() ? Canonical(files, trained.first().checkpoint) : "";
}

class FollowedLogTest : public ::testing::TestWithParam<uint32_t> {
 protected:
  TrainConfig Job(const std::string& more = "") const {
    return JobConfig(StrCat(kFollow, "step { pull_ahead: ", GetParam(), " }", more));
  }
};

TEST_P(FollowedLogTest, FilesThatComeLaterGiveTheBitsOfFilesThatWereThere) {
  const auto whole = FilesThatAreThere();
  const Trained at_once = TrainOn(*whole, Job(), Layout());
  const std::string state = StateOf(*whole, at_once);
  uint64_t steps_of_first = 0, steps = 0;
  {
    const auto newest = worker::FindCheckpoint(*whole, "ckpt");
    const auto manifest = worker::ReadManifest(*whole, **newest);
    ASSERT_EQ(manifest->followed_size(), 4);
    steps_of_first = manifest->followed(0).steps();
    steps = manifest->step();
    EXPECT_EQ(manifest->followed_files(), 4u);
    EXPECT_EQ(manifest->followed(3).steps_before() + manifest->followed(3).steps(), steps);
    EXPECT_EQ(manifest->followed(1).steps_before(), steps_of_first);
  }
  ASSERT_TRUE(at_once.first().evaluation.has_value());
  // As early as the second step, and only when all before them is trained.
  for (const auto& at : std::vector<std::vector<uint64_t>>{
           {2, 2, 3}, {steps_of_first, steps_of_first + 1, steps_of_first + 2}}) {
    for (const Layout& layout : kLayouts) {
      const auto files = FilesToCome();
      Deliver(*files, 0);
      const Trained trained = TrainWhileFilesCome(*files, Job(), layout, at);
      EXPECT_TRUE(StateOf(*files, trained) == state) << layout.workers << " workers";
      EXPECT_EQ(TimelessReports(*files, "metrics.jsonl"), TimelessReports(*whole, "metrics.jsonl"));
      EXPECT_EQ(trained.first().steps, steps);
    }
  }
}

TEST_P(FollowedLogTest, FromEveryCheckpointOnAnotherLayoutEqualsTheUninterruptedRun) {
  const auto files = FilesThatAreThere();
  const TrainConfig config = Job("checkpoint { every_steps: 1 keep: 1000 }");
  const Outcome whole = OutcomeOf(*files, config, Layout());
  const auto reports = ReadWholeFile(*files, "metrics.jsonl");
  ASSERT_TRUE(reports.ok());
  const auto newest = worker::FindCheckpoint(*files, "ckpt");
  const auto last = worker::ReadManifest(*files, **newest);
  ASSERT_GE(last->step(), 8u);
  for (uint64_t step = 1; step <= last->step(); ++step) {
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

INSTANTIATE_TEST_SUITE_P(PullAhead, FollowedLogTest, ::testing::Values(0u, 1u, 2u));

class FollowedRunTest : public ::testing::Test {
 protected:
  static TrainConfig Job(const std::string& more = "") { return JobConfig(StrCat(kFollow, more)); }

  static void ExpectFailure(const Trained& trained, const std::string& text) {
    EXPECT_FALSE(trained.status.ok());
    EXPECT_NE(trained.status.ToString().find(text), std::string::npos)
        << "expected: " << text << "\n"
        << trained.status.ToString();
  }
};

// Whatever was trained goes, and the rest comes, between two runs.
TEST_F(FollowedRunTest, FilesThatAreDoneMayBeGoneWhenTheRunGoesOn) {
  const auto whole = FilesThatAreThere();
  const std::string state = StateOf(*whole, TrainOn(*whole, Job(), Layout()));
  const auto files = FilesToCome();
  Deliver(*files, 0);
  Deliver(*files, 1);
  ASSERT_TRUE(TrainOn(*files, Job(), kLayouts[0]).status.ok());
  ASSERT_TRUE(files->Remove(JoinPath("train", NameOf(0))).ok());
  ASSERT_TRUE(files->Remove(JoinPath("train", NameOf(1))).ok());
  const Trained idle = TrainOn(*files, Job(), kLayouts[1], true);
  ASSERT_TRUE(idle.status.ok()) << idle.status.ToString();
  EXPECT_EQ(idle.first().exposures, 0u);
  EXPECT_TRUE(idle.first().evaluation.has_value());
  Deliver(*files, 2);
  ASSERT_TRUE(TrainOn(*files, Job(), kLayouts[2], true).status.ok());
  Deliver(*files, 3);
  EXPECT_TRUE(StateOf(*files, TrainOn(*files, Job(), kLayouts[3], true)) == state);
}

// Test-then-train: how well the model does on rows that it has not learnt from.
TEST_F(FollowedRunTest, WithoutALogToEvaluateEachFileIsScoredBeforeItIsTrained) {
  const auto files = FilesThatAreThere();
  TrainConfig config = Job("checkpoint { every_steps: 1 keep: 1000 }");
  config.mutable_evaluate()->clear_log();
  const Outcome whole = OutcomeOf(*files, config, Layout());
  const auto newest = worker::FindCheckpoint(*files, "ckpt");
  const auto last = worker::ReadManifest(*files, **newest);
  std::vector<std::string> scored;
  for (const Report& report : ReadReports(*files, "metrics.jsonl")) {
    if (!report.has_evaluation()) continue;
    EXPECT_EQ(report.step(), last->followed(static_cast<int>(scored.size()) + 1).steps_before());
    scored.push_back(report.log());
  }
  EXPECT_EQ(scored,
            (std::vector<std::string>{JoinPath("train", NameOf(1)), JoinPath("train", NameOf(2)),
                                      JoinPath("train", NameOf(3))}));
  const auto reports = ReadWholeFile(*files, "metrics.jsonl");
  for (const uint64_t cut : {last->followed(0).steps(), last->followed(1).steps_before() + 1,
                             last->followed(3).steps_before()}) {
    const std::string directory = StrCat("from-", cut);
    CopyCheckpoint(*files, "ckpt", cut, directory);
    TrainConfig resumed = config;
    resumed.mutable_checkpoint()->set_directory(directory);
    resumed.mutable_report()->set_metrics(directory + "/metrics.jsonl");
    ASSERT_TRUE(ReplaceFile(*files, resumed.report().metrics(), *reports).ok());
    const Outcome outcome = OutcomeOf(*files, resumed, kLayouts[cut % 4], true);
    EXPECT_TRUE(outcome.state == whole.state) << "resumed after step " << cut;
    EXPECT_EQ(outcome.reports, whole.reports) << "resumed after step " << cut;
  }
}

TEST_F(FollowedRunTest, AFileThatChangedOrCameLateOrIsMissingIsNamed) {
  const auto files = FilesToCome();
  for (size_t i = 1; i < 3; ++i) Deliver(*files, i);
  const Trained first = TrainOn(*files, Job("checkpoint { every_steps: 1 keep: 1000 }"), Layout());
  ASSERT_TRUE(first.status.ok()) << first.status.ToString();
  const std::string late = JoinPath("train", NameOf(0));
  Deliver(*files, 0);
  ExpectFailure(TrainOn(*files, Job("checkpoint { every_steps: 1 keep: 1000 }"), Layout(), true),
                late + " came after");
  ASSERT_TRUE(files->Remove(late).ok());
  ASSERT_TRUE(files->Rename("made-3/part-00000.log", JoinPath("train", NameOf(1))).ok());
  ExpectFailure(TrainOn(*files, Job("checkpoint { every_steps: 1 keep: 1000 }"), Layout(), true),
                JoinPath("train", NameOf(1)) + " is not the file");
  ASSERT_TRUE(files->Remove(JoinPath("train", NameOf(1))).ok());
  ASSERT_TRUE(files->Remove(JoinPath("train", NameOf(2))).ok());
  CopyCheckpoint(*files, "ckpt", first.first().steps - 1, "cut");
  ExpectFailure(TrainOn(*files, Job("checkpoint { every_steps: 1 keep: 1000 directory: 'cut' }"),
                        Layout(), true),
                JoinPath("train", NameOf(2)) + " is gone");
}

TEST_F(FollowedRunTest, AWorkerThatDoesNotSeeAFileIsNamed) {
  const auto files = FilesToCome();
  const auto elsewhere = FilesToCome();
  for (FileSystem* const host : {files.get(), elsewhere.get()}) Deliver(*host, 0);
  Deliver(*files, 1);
  const TrainConfig config = Job("cluster { deadline_seconds: 1 }");
  const Status status =
      RunOn(*files, config, {.workers = 2},
            [&](const TrainConfig& job, const worker::WorkerEnvironment& given) -> Status {
              worker::WorkerEnvironment environment = given;
              if (environment.collective->rank() == 1) environment.files = elsewhere.get();
              return worker::Train(job, worker::Resume::kNothing, environment).status();
            });
  EXPECT_NE(status.ToString().find("worker 1 on "), std::string::npos) << status.ToString();
  EXPECT_NE(status.ToString().find("did not see " + JoinPath("train", NameOf(1))),
            std::string::npos)
      << status.ToString();
}

TEST_F(FollowedRunTest, WhatNeedsTheWholeLogIsRefused) {
  const auto files = FilesThatAreThere();
  ExpectFailure(TrainOn(*files, Job("objective { unbias {} }"), Layout()), "2 stages");
  ExpectFailure(TrainOn(*files, Job("data { log: 'test' }"), Layout()), "names 2 logs");
  TrainConfig twice;
  twice.mutable_data()->set_follow_seconds(1);
  twice.mutable_data()->set_epochs(2);
  EXPECT_NE(FinishTrainConfig("job", &twice).message().find("data.epochs"), std::string::npos);
  TrainConfig decays;
  decays.mutable_data()->set_follow_seconds(1);
  decays.mutable_model()->mutable_schedule()->set_decay(ScheduleConfig::LINEAR);
  EXPECT_NE(FinishTrainConfig("job", &decays).message().find("model.schedule"), std::string::npos);
}

TEST_F(FollowedRunTest, ARunOfAWholeLogIsNotGoneOnFileByFile) {
  const auto files = FilesThatAreThere();
  TrainConfig whole = Job();
  whole.mutable_data()->set_follow_seconds(0);
  ASSERT_TRUE(TrainOn(*files, whole, Layout()).status.ok());
  ExpectFailure(TrainOn(*files, Job(), Layout(), true), "without data.follow_seconds");
}

TEST_F(FollowedRunTest, ALimitOfStepsEndsItInsideAFileAndALaterOneGoesOn) {
  const auto whole = FilesThatAreThere();
  const std::string state = StateOf(*whole, TrainOn(*whole, Job(), Layout()));
  const auto files = FilesThatAreThere();
  const Trained cut = TrainOn(*files, Job("data { max_steps: 5 }"), kLayouts[3]);
  ASSERT_TRUE(cut.status.ok()) << cut.status.ToString();
  EXPECT_EQ(cut.first().steps, 5u);
  EXPECT_TRUE(cut.first().evaluation.has_value());
  EXPECT_TRUE(StateOf(*files, TrainOn(*files, Job(), kLayouts[0], true)) == state);
}

// A folder whose first listings with a file lack the one that came just before it, as a listing that
// is made while both come.
class TornListing final : public ForwardingFiles {
 public:
  TornListing(FileSystem& files, std::string missing)
      : ForwardingFiles(files), missing_(std::move(missing)) {}
  Result<std::vector<std::string>> List(const std::string& folder) override {
    Result<std::vector<std::string>> names = files_.List(folder);
    if (folder != "train" || !names.ok() || torn_) return names;
    torn_ = std::erase(*names, missing_) > 0;
    return names;
  }
  bool torn() const { return torn_; }

 private:
  const std::string missing_;
  bool torn_ = false;
};

TEST_F(FollowedRunTest, AListingThatLacksTheFileBeforeTheNewestSkipsNone) {
  const auto whole = FilesThatAreThere();
  const std::string state = StateOf(*whole, TrainOn(*whole, Job(), Layout()));
  const auto files = FilesThatAreThere();
  TornListing torn(*files, NameOf(0));
  const Trained trained = TrainOn(torn, Job(), Layout());
  EXPECT_TRUE(torn.torn());
  EXPECT_TRUE(StateOf(torn, trained) == state);
}

// Files of one step each, in which none is taken.
TEST_F(FollowedRunTest, CheckpointsByTimeAreTakenBetweenFilesThatAreThere) {
  const auto files = FilesThatAreThere();
  const Trained trained =
      TrainOn(*files, Job("step { grain_rows: 32 } checkpoint { every_minutes: 1e-9 keep: 1000 }"),
              kLayouts[1]);
  ASSERT_TRUE(trained.status.ok()) << trained.status.ToString();
  const auto last = worker::ReadManifest(*files, trained.first().checkpoint);
  ASSERT_TRUE(last.ok());
  ASSERT_EQ(last->followed_size(), 4);
  for (int i = 1; i < 4; ++i) {
    const uint64_t step = last->followed(i).steps_before();
    EXPECT_TRUE(worker::ReadManifest(*files, worker::CheckpointFolder("ckpt", step)).ok())
        << "after step " << step;
  }
}

TEST_F(FollowedRunTest, TrainedStepsAreThoseOfTheCallOverAllFiles) {
  const auto files = FilesThatAreThere();
  const Trained cut = TrainOn(*files, Job("data { max_steps: 5 }"), Layout());
  ASSERT_TRUE(cut.status.ok()) << cut.status.ToString();
  EXPECT_EQ(cut.first().trained_steps, 5u);
  const Trained rest = TrainOn(*files, Job(), Layout(), true);
  ASSERT_TRUE(rest.status.ok()) << rest.status.ToString();
  EXPECT_EQ(rest.first().trained_steps, rest.first().steps - 5);
}

TEST_F(FollowedRunTest, ARunWhoseStepsEndedWithAFileWaitsForNoOther) {
  const auto files = FilesToCome();
  Deliver(*files, 0);
  const Trained first = TrainOn(*files, Job(), Layout());
  ASSERT_TRUE(first.status.ok()) << first.status.ToString();
  const std::string limits =
      StrCat("data { follow_seconds: 30 max_steps: ", first.first().steps, " }");
  const auto begin = std::chrono::steady_clock::now();
  const Trained again = TrainOn(*files, Job(limits), Layout(), true);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  ASSERT_TRUE(again.status.ok()) << again.status.ToString();
  EXPECT_EQ(again.first().trained_steps, 0u);
  EXPECT_LT(took.count(), 25);
}

TEST_F(FollowedRunTest, AStopWhileItWaitsSavesTheState) {
  const auto whole = FilesThatAreThere();
  const std::string state = StateOf(*whole, TrainOn(*whole, Job(), Layout()));
  const auto files = FilesToCome();
  Deliver(*files, 0);
  std::atomic<uint64_t> asked = 0;
  worker::TrainResult result;
  const Status status = RunOn(
      *files, Job("data { follow_seconds: 100 }"), {.workers = 2},
      [&](const TrainConfig& job, const worker::WorkerEnvironment& given) -> Status {
        worker::WorkerEnvironment environment = given;
        // Worker 1 alone is asked, long after the last step.
        if (given.collective->rank() == 1) {
          environment.stop_requested = [&] { return ++asked > 12; };
        }
        ASSIGN_OR_RETURN(const auto own, worker::Train(job, worker::Resume::kNothing, environment));
        if (given.collective->rank() == 0) result = own;
        return Status::Ok();
      });
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_TRUE(result.stopped);
  ASSERT_FALSE(result.checkpoint.empty());
  for (size_t i = 1; i < std::size(kRows); ++i) Deliver(*files, i);
  EXPECT_TRUE(StateOf(*files, TrainOn(*files, Job(), kLayouts[2], true)) == state);
}

}  // namespace
}  // namespace chorus::e2e
