// What can go wrong in a job ends it with a reason, on every worker and soon; and what the clock
// decides changes nothing in the model.

#include <gtest/gtest.h>

#include <algorithm>
#include <new>

#include "common/strings.h"
#include "tests/e2e/job_testing.h"
#include "tests/worker/log/log_testing.h"
#include "worker/log/log_reader.h"
#include "worker/log/oracle_file.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::e2e {
namespace {

const Layout kWideLayout = {.workers = 3, .servers = 2, .shards = 5};

std::unique_ptr<FileSystem> FilesWithTwoLogs() {
  auto files = NewMemoryFiles();
  WriteJobLog(*files, "train", RichSchema(), 400, 1);
  WriteJobLog(*files, "flat", FlatSchema(), 100, 2);
  return files;
}

void ExpectError(const Status& status, Code code, const std::vector<std::string>& texts) {
  EXPECT_EQ(status.code(), code) << status.ToString();
  for (const std::string& text : texts) {
    EXPECT_NE(status.message().find(text), std::string::npos) << text << ": " << status.ToString();
  }
}

TEST(ErrorsTest, ANonFiniteValueStopsTheRunBeforeItIsPushedAndNamesItsPlace) {
  const TrainConfig config = JobConfig(
      "model { optimizer { sgd { lr: 1e30 } } } checkpoint { every_steps: 1 } data { epochs: 5 }");
  for (const Layout& layout : {Layout(), kWideLayout}) {
    const auto files = FilesWithTwoLogs();
    const Status status = TrainOn(*files, config, layout).status;
    EXPECT_FALSE(status.ok());
    ExpectError(status, status.code(), {"step ", "tower.", "not finite"});
  }
}

// The numeric columns of a log become as large as floats are, so that logits are finite, and sums
// of products with them are not.
void MakeNumbersHuge(FileSystem& files, const std::string& log) {
  const std::string part = JoinPath(log, "part-00000.log");
  const auto reader = worker::LogReader::Open(files, {log});
  ASSERT_TRUE(reader.ok()) << reader.status().ToString();
  std::vector<worker::Batch> blocks((*reader)->blocks().size());
  for (uint32_t b = 0; b < blocks.size(); ++b) {
    ASSERT_TRUE((*reader)->ReadBlock(b, &blocks[b]).ok());
    for (std::vector<float>& column : blocks[b].exposures.numerics) {
      std::fill(column.begin(), column.end(), 3e38f);
    }
  }
  ASSERT_TRUE(files.Remove(part).ok());
  worker::testing::WriteLog(files, part, (*reader)->schema(), blocks);
}

TEST(ErrorsTest, AGradientThatIsNotFiniteIsNamedAndNothingIsPushed) {
  for (const Layout& layout : {Layout(), kWideLayout}) {
    const auto files = FilesWithTwoLogs();
    MakeNumbersHuge(*files, "train");
    const Status status =
        TrainOn(*files,
                JobConfig("model { tower { } } objective { esmm { w_ctcvr: 1e6 } } "
                          "checkpoint { every_steps: 1 }"),
                layout)
            .status;
    ExpectError(status, Code::kFailedPrecondition,
                {"step 1", "grains ", "the gradient of tower.", "is not finite"});
    EXPECT_FALSE(files->Exists("ckpt") && worker::FindCheckpoint(*files, "ckpt")->has_value());
  }
}

// Gradients may be finite and what they make of a weight or of an optimizer's sums not.
TEST(ErrorsTest, StateThatIsNotFiniteStopsTheRunAndTheCheckpointsBeforeItStay) {
  // A weight of 0.01 has a gradient of 1e36 here, and the first update is beyond float32.
  constexpr const char* kDecaying =
      "table { name: 'a' dim: 4 weight_decay: 1e38 optimizer { sgd { lr: 1e5 } } } ";
  const struct {
    std::string config;
    std::vector<std::string> named;
  } cases[] = {
      {StrCat(kDecaying, "table { name: 'b' dim: 3 }"), {"step ", "table a", "key ", "not finite"}},
      {StrCat(kDecaying, "table { name: 'b' dim: 3 } step { pull_ahead: 2 }"),
       {"step ", "table a", "key ", "not finite"}},
      {"model { optimizer { sgd { lr: 3e38 } } }", {"step ", "not finite"}},
  };
  for (const auto& c : cases) {
    for (const Layout& layout : {Layout(), kWideLayout}) {
      const auto files = FilesWithTwoLogs();
      const Status status =
          TrainOn(*files, JobConfig(StrCat("checkpoint { every_steps: 1 } ", c.config)), layout)
              .status;
      ExpectError(status, status.code(), c.named);
      EXPECT_FALSE(status.ok()) << c.config;
      const auto kept = worker::FindCheckpoint(*files, "ckpt");
      ASSERT_TRUE(kept.ok());
      if (!kept->has_value()) continue;
      EXPECT_NE(Canonical(*files, **kept), "") << "it is whole, and finite";
    }
  }
}

TEST(ErrorsTest, AnEvaluationLogOfOtherColumnsIsRefusedBeforeTraining) {
  const auto files = FilesWithTwoLogs();
  const Status status = TrainOn(*files, JobConfig("evaluate { log: 'flat' }"), kWideLayout).status;
  ExpectError(status, Code::kFailedPrecondition, {"flat", "slot"});
  EXPECT_FALSE(files->Exists("ckpt"));
}

// Worker 1's machine holds another log under the path that all name.
Status TrainWithStaleLog(const TrainConfig& config, const std::string& stale) {
  const auto files = FilesWithTwoLogs();
  WriteJobLog(*files, "test", RichSchema(), 100, 3);
  const auto other = FilesWithTwoLogs();
  WriteJobLog(*other, "test", RichSchema(), 100, 3);
  WriteJobLog(*other, stale, RichSchema(), 100, 9);
  const auto work = [&](const TrainConfig& job, const worker::WorkerEnvironment& environment) {
    worker::WorkerEnvironment mine = environment;
    if (environment.collective->rank() == 1) mine.files = other.get();
    return worker::Train(job, worker::Resume::kNothing, mine).status();
  };
  const Status status = RunOn(*files, config, kWideLayout, work);
  EXPECT_FALSE(files->Exists("ckpt"));
  return status;
}

TEST(ErrorsTest, AWorkerThatReadsAnotherLogIsNamedBeforeTraining) {
  ExpectError(TrainWithStaleLog(JobConfig(), "train"), Code::kFailedPrecondition,
              {"the log train", "worker 1 on ", "100 exposures", "worker 0 on ", "400 exposures"});
  ExpectError(TrainWithStaleLog(JobConfig("evaluate { log: 'test' }"), "test"),
              Code::kFailedPrecondition, {"the log test", "worker 1 on ", "fingerprint"});
}

TEST(ErrorsTest, ASlotThatTheLogLacksIsNamed) {
  const auto files = FilesWithTwoLogs();
  const Status status = TrainOn(*files, JobConfig("slot { name: 'colour' }"), kWideLayout).status;
  ExpectError(status, Code::kInvalidArgument, {"colour"});
}

TEST(ErrorsTest, ConversionsWithoutClickCanBeRejected) {
  const auto files = FilesWithTwoLogs();
  const Status status =
      TrainOn(*files, JobConfig("data { unclicked_conversion: REJECT }"), kWideLayout).status;
  EXPECT_EQ(status.code(), Code::kInvalidArgument) << status.ToString();
}

TEST(ErrorsTest, OneWorkersDamagedBlockEndsAllWorkersWithItsError) {
  const auto files = FilesWithTwoLogs();
  const std::string path = "train/part-00000.log";
  std::string bytes = *ReadWholeFile(*files, path);
  bytes[bytes.size() / 3] ^= 1;
  ASSERT_TRUE(ReplaceFile(*files, path, bytes).ok());
  const Status status = TrainOn(*files, JobConfig(), kWideLayout).status;
  ExpectError(status, Code::kDataLoss, {path, "worker "});
}

TEST(ErrorsTest, WhatWasTrainedIsKeptWhenTheLastEvaluationFails) {
  const auto files = FilesWithTwoLogs();
  WriteJobLog(*files, "test", RichSchema(), 300, 3);
  const std::string path = "test/part-00000.log";
  std::string bytes = *ReadWholeFile(*files, path);
  bytes[bytes.size() / 3] ^= 1;
  ASSERT_TRUE(ReplaceFile(*files, path, bytes).ok());
  const Status status = TrainOn(*files, JobConfig("evaluate { log: 'test' }"), kWideLayout).status;
  ExpectError(status, Code::kDataLoss, {path});
  const auto newest = worker::FindCheckpoint(*files, "ckpt");
  ASSERT_TRUE(newest.ok() && newest->has_value());
  const auto manifest = worker::ReadManifest(*files, **newest);
  EXPECT_EQ(manifest->step(), manifest->planned_steps());
}

TEST(ErrorsTest, AnOracleThatIsNotTheLogsIsRefusedBeforeTraining) {
  const auto files = FilesWithTwoLogs();
  WriteJobLog(*files, "test", RichSchema(), 300, 3);
  auto writer = worker::OracleWriter::Create(*files, "foreign", 300);
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE((*writer)->Add(std::vector<worker::OracleRow>(300)).ok());
  ASSERT_TRUE((*writer)->Finish(12345).ok());  // of another log with as many rows
  for (const std::string oracle : {"nowhere", "foreign"}) {
    const TrainConfig config = JobConfig(StrCat("evaluate { log: 'test' oracle: '", oracle, "' }"));
    const Status status = TrainOn(*files, config, kWideLayout).status;
    ExpectError(status, status.code(), {"evaluate.oracle", oracle});
    EXPECT_FALSE(status.ok());
    EXPECT_FALSE(files->Exists("ckpt"));
  }
}

TEST(ErrorsTest, PredictionsHoldEveryExposureWhateverTrainingDrops) {
  const auto files = FilesWithTwoLogs();
  WriteJobLog(*files, "test", RichSchema(), 300, 3);
  const TrainConfig config =
      JobConfig("evaluate { log: 'test' } data { unclicked_conversion: DROP }");
  const Trained trained = TrainOn(*files, config, Layout());
  ASSERT_TRUE(trained.status.ok()) << trained.status.ToString();
  const auto text = PredictOn(*files, config, kWideLayout, trained.first().checkpoint);
  ASSERT_TRUE(text.ok()) << text.status().ToString();
  EXPECT_EQ(Split(*text, '\n').size(), 1u + 300u + 1u);
}

TEST(ErrorsTest, AnAllocationThatFailsIsAnErrorOfTheWorker) {
  const auto files = FilesWithTwoLogs();
  for (const Layout& layout : {Layout(), kWideLayout}) {
    const auto exhaust = [](const TrainConfig&, const worker::WorkerEnvironment& environment) {
      if (environment.collective->rank() == 0) throw std::bad_alloc();
      return environment.collective->Barrier();
    };
    ExpectError(RunOn(*files, JobConfig(), layout, exhaust), Code::kResourceExhausted, {"memory"});
  }
}

TEST(ErrorsTest, ADirectoryOfAnotherRunsCheckpointsIsRefusedAndLeftAlone) {
  const auto files = FilesWithTwoLogs();
  ASSERT_TRUE(TrainOn(*files, JobConfig(), Layout()).status.ok());
  const auto before = files->List("ckpt");
  const TrainConfig shorter = JobConfig("data { max_steps: 2 }");
  for (const Layout& layout : {Layout(), kWideLayout}) {
    ExpectError(TrainOn(*files, shorter, layout).status, Code::kFailedPrecondition,
                {"checkpoint.directory", "ckpt/step-", "--resume"});
  }
  EXPECT_EQ(*files->List("ckpt"), *before);
}

TEST(ClockTest, CheckpointsByTheClockLeaveTheSameModel) {
  for (const uint32_t pull_ahead : {0u, 2u}) {
    const std::string step = StrCat("step { pull_ahead: ", pull_ahead, " } ");
    const auto files = FilesWithTwoLogs();
    const std::string expected = OutcomeOf(*files, JobConfig(step), Layout()).state;
    ASSERT_TRUE(files->RemoveRecursively("ckpt").ok());
    // Due at every step.
    const TrainConfig config = JobConfig(step + "checkpoint { every_minutes: 1e-9 }");
    EXPECT_TRUE(OutcomeOf(*files, config, kWideLayout).state == expected);
    const size_t checkpoints = files->List("ckpt")->size();
    EXPECT_GT(checkpoints, 1u);
    // Going on from one of them, too.
    ASSERT_TRUE(files->RemoveRecursively(JoinPath("ckpt", files->List("ckpt")->back())).ok());
    EXPECT_TRUE(OutcomeOf(*files, config, Layout(), true).state == expected);
  }
}

}  // namespace
}  // namespace chorus::e2e
