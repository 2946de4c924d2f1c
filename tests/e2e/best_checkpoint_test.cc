// checkpoint.best: the checkpoint of the best evaluation stays, survives kills, and ends runs that
// no longer improve.

#include <gtest/gtest.h>

#include "tests/e2e/resume_testing.h"
#include "worker/train/best_file.h"
#include "worker/train/checkpoint_store.h"

namespace chorus::e2e {
namespace {

// 500 exposures in steps of some 64: evaluations after steps 2, 4, ... Rates at which the model
// overfits within the epochs, so that the last evaluation is not the best.
TrainConfig BestConfig(const std::string& more = "") {
  return JobConfig(StrCat(R"(
      data { epochs: 12 } evaluate { log: "test" every_steps: 2 }
      table { name: "a" dim: 4 optimizer { adagrad { lr: 0.5 initial_accumulator: 1e-6 } } }
      table { name: "b" dim: 3 optimizer { adagrad { lr: 0.5 initial_accumulator: 1e-6 } } }
      checkpoint { best: CTR_AUC keep: 1 } )",
                          more));
}

// Steps and values of CTR AUC in metrics.jsonl.
std::vector<std::pair<uint64_t, double>> Evaluated(FileSystem& files) {
  std::vector<std::pair<uint64_t, double>> values;
  for (const Report& report : ReadReports(files, "metrics.jsonl")) {
    if (report.has_evaluation()) {
      values.emplace_back(report.step(), report.evaluation().task(0).auc());
    }
  }
  return values;
}

std::pair<uint64_t, double> BestOf(const std::vector<std::pair<uint64_t, double>>& values) {
  std::pair<uint64_t, double> best = values.front();
  for (const auto& value : values) {
    if (value.second > best.second) best = value;
  }
  return best;
}

TEST(BestCheckpointTest, StaysBesideTheNewestAndIsWhatItsEvaluationSaw) {
  for (const Layout& layout : {Layout(), kLayouts[0]}) {
    const auto files = FilesWithLogs();
    const Trained trained = TrainOn(*files, BestConfig(), layout);
    ASSERT_TRUE(trained.status.ok()) << trained.status.ToString();
    const auto values = Evaluated(*files);
    ASSERT_GT(values.size(), 4u);
    const auto [step, value] = BestOf(values);
    ASSERT_LT(step, trained.first().steps) << "these settings overfit";
    const auto best = worker::ReadBest(*files, "ckpt");
    ASSERT_TRUE(best.ok() && best->has_value());
    EXPECT_EQ((*best)->step(), step);
    EXPECT_EQ((*best)->value(), value);
    EXPECT_EQ((*best)->evaluated_step(), trained.first().steps);
    const auto folder = worker::ChooseCheckpoint(*files, "ckpt", true);
    ASSERT_TRUE(folder.ok()) << folder.status().ToString();
    EXPECT_EQ(*folder, worker::CheckpointFolder("ckpt", step));
    const auto again = EvaluateOn(*files, BestConfig(), kLayouts[1], *folder);
    ASSERT_TRUE(again.ok()) << again.status().ToString();
    EXPECT_EQ(again->task(0).auc(), value);
    EXPECT_FALSE(files->Exists(worker::CheckpointFolder("ckpt", step == 2 ? 4 : 2)));
  }
}

TEST(BestCheckpointTest, PatienceEndsTheRunAlikeOnAnyLayoutAndForGood) {
  const std::string patient = "checkpoint { patience: 2 }";
  const auto files = FilesWithLogs();
  const Trained trained = TrainOn(*files, BestConfig(patient), Layout());
  ASSERT_TRUE(trained.status.ok()) << trained.status.ToString();
  const auto values = Evaluated(*files);
  EXPECT_TRUE(trained.first().stopped_early);
  EXPECT_FALSE(trained.first().stopped);
  EXPECT_EQ(trained.first().steps, values.back().first);
  EXPECT_EQ(BestOf(values).first, values[values.size() - 3].first);
  EXPECT_EQ(trained.first().checkpoint, worker::CheckpointFolder("ckpt", trained.first().steps));

  const Trained again = TrainOn(*files, BestConfig(patient), kLayouts[0], true);
  ASSERT_TRUE(again.status.ok()) << again.status.ToString();
  EXPECT_TRUE(again.first().stopped_early);
  EXPECT_EQ(again.first().steps, trained.first().steps);

  const auto other = FilesWithLogs();
  const Trained wide = TrainOn(*other, BestConfig(patient), kLayouts[0]);
  ASSERT_TRUE(wide.status.ok()) << wide.status.ToString();
  EXPECT_EQ(Evaluated(*other), values);
  EXPECT_EQ(Canonical(*other, wide.first().checkpoint),
            Canonical(*files, trained.first().checkpoint));
}

// In stage 0 the CVR head does not move: its evaluations say nothing, and end nothing.
TEST(BestCheckpointTest, OnlyTheLastStageIsJudged) {
  const auto files = FilesWithLogs();
  const Trained trained = TrainOn(
      *files,
      BestConfig("objective { unbias {} } checkpoint { best: CVR_AUC patience: 1 keep: 9 }"),
      kLayouts[0]);
  ASSERT_TRUE(trained.status.ok()) << trained.status.ToString();
  const auto best = worker::ReadBest(*files, "ckpt");
  ASSERT_TRUE(best.ok() && best->has_value());
  const auto manifest =
      worker::ReadManifest(*files, worker::CheckpointFolder("ckpt", (*best)->step()));
  ASSERT_TRUE(manifest.ok());
  EXPECT_EQ(manifest->stage(), 1u);
}

// Killed behind a checkpoint and before its evaluation: the resumed run makes up for it.
TEST(BestCheckpointTest, AResumedRunKeepsTheSameBest) {
  const auto whole = FilesWithLogs();
  ASSERT_TRUE(TrainOn(*whole, BestConfig(), Layout()).status.ok());
  const auto expected = worker::ReadBest(*whole, "ckpt");
  ASSERT_TRUE(expected.ok() && expected->has_value());
  const auto files = FilesWithLogs();
  // A run that ends after step 4 evaluates it; its file is put back to the evaluation of step 2.
  ASSERT_TRUE(TrainOn(*files, BestConfig("data { max_steps: 4 } checkpoint { keep: 9 }"), Layout())
                  .status.ok());
  BestCheckpoint before = **worker::ReadBest(*files, "ckpt");
  before.set_step(2);
  before.set_value(Evaluated(*files).front().second);
  before.set_evaluated_step(2);
  before.set_worse_since(0);
  ASSERT_TRUE(worker::RemoveBest(*files, "ckpt").ok());
  ASSERT_TRUE(worker::WriteBest(*files, "ckpt", before).ok());
  ASSERT_TRUE(TrainOn(*files, BestConfig(), kLayouts[3], true).status.ok());
  const auto best = worker::ReadBest(*files, "ckpt");
  ASSERT_TRUE(best.ok() && best->has_value());
  EXPECT_EQ((*best)->SerializeAsString(), (*expected)->SerializeAsString());
}

TEST(BestCheckpointTest, ADamagedNewestCheckpointIsPassedOverWhenAsked) {
  const auto files = FilesWithLogs();
  const TrainConfig config = JobConfig("checkpoint { every_steps: 3 }");
  const Outcome whole = OutcomeOf(*files, config, Layout());
  const auto newest = worker::FindCheckpoint(*files, "ckpt");
  ASSERT_TRUE(newest.ok() && newest->has_value());
  const std::string path = JoinPath(**newest, "shard-00002.rows");
  std::string bytes = *ReadWholeFile(*files, path);
  bytes[bytes.size() / 2] ^= 1;
  ASSERT_TRUE(ReplaceFile(*files, path, bytes).ok());
  const Status refused = TrainOn(*files, config, Layout(), true).status;
  EXPECT_EQ(refused.code(), Code::kDataLoss);
  EXPECT_NE(refused.message().find("--fallback"), std::string::npos) << refused.ToString();
  const auto found = worker::SetAsideDamaged(*files, "ckpt");
  ASSERT_TRUE(found.ok() && found->has_value());
  EXPECT_NE(**found, **newest);
  EXPECT_FALSE(files->Exists(**newest));
  const auto left = worker::FindCheckpoint(*files, "ckpt");
  ASSERT_TRUE(left.ok());
  EXPECT_EQ(**left, **found);
  EXPECT_TRUE(OutcomeOf(*files, config, kLayouts[0], true).state == whole.state);
}

TEST(BestCheckpointTest, NothingIsChosenWhereNoRunKeptABest) {
  const auto files = FilesWithLogs();
  ASSERT_TRUE(TrainOn(*files, JobConfig(), Layout()).status.ok());
  const Status status = worker::ChooseCheckpoint(*files, "ckpt", true).status();
  EXPECT_EQ(status.code(), Code::kNotFound);
  EXPECT_NE(status.message().find("checkpoint.best"), std::string::npos) << status.ToString();
}

}  // namespace
}  // namespace chorus::e2e
