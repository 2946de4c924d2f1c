// Metrics, predictions and counters of whole jobs: equal on any layout, equal between a training
// run's own evaluation and a later one, and exact where exactness is promised.

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "common/strings.h"
#include "tests/e2e/job_testing.h"
#include "worker/log/grain_reader.h"
#include "worker/log/log_writer.h"

namespace chorus::e2e {
namespace {

const Layout kWide = {.workers = 3, .servers = 2, .threads = 2, .shards = 5, .tcp = true};
const Layout kManyWorkers = {.workers = 5, .servers = 1, .shards = 64};

std::unique_ptr<FileSystem> FilesWithLogs() {
  auto files = NewMemoryFiles();
  WriteJobLog(*files, "train", RichSchema(), 400, 1);
  WriteJobLog(*files, "test", RichSchema(), 230, 2);
  return files;
}

TEST(ScoringTest, MetricsAreEqualToTheLastBitOnAnyLayout) {
  const TrainConfig config = JobConfig("evaluate { log: 'test' } objective { chorus_cvr {} }");
  const auto files = FilesWithLogs();
  const Trained trained = TrainOn(*files, config, Layout());
  ASSERT_TRUE(trained.status.ok()) << trained.status.ToString();
  ASSERT_TRUE(trained.first().evaluation.has_value());
  const std::string expected = trained.first().evaluation->SerializeAsString();
  EXPECT_EQ(trained.first().evaluation->rows(), 230u);
  for (const Layout& layout : {Layout(), kWide, kManyWorkers}) {
    const auto evaluation = EvaluateOn(*files, config, layout, trained.first().checkpoint);
    ASSERT_TRUE(evaluation.ok()) << evaluation.status().ToString();
    EXPECT_EQ(evaluation->SerializeAsString(), expected);
  }
}

TEST(ScoringTest, PredictionsAreEqualInLogOrderOnAnyLayout) {
  const TrainConfig config = JobConfig("evaluate { log: 'test' } objective { base {} }");
  const auto files = FilesWithLogs();
  const Trained trained = TrainOn(*files, config, kWide);
  ASSERT_TRUE(trained.status.ok()) << trained.status.ToString();
  const auto expected = PredictOn(*files, config, Layout(), trained.first().checkpoint);
  ASSERT_TRUE(expected.ok()) << expected.status().ToString();
  const std::vector<std::string> lines = Split(*expected, '\n');
  ASSERT_EQ(lines.size(), 1u + 230u + 1u);  // header, rows, what follows the last newline
  for (uint32_t row = 0; row < 230; ++row) {
    EXPECT_TRUE(lines[1 + row].starts_with(StrCat(row, "\t"))) << lines[1 + row];
  }
  for (const Layout& layout : {kWide, kManyWorkers}) {
    const auto text = PredictOn(*files, config, layout, trained.first().checkpoint);
    ASSERT_TRUE(text.ok()) << text.status().ToString();
    EXPECT_TRUE(*text == *expected);
  }
}

// Writes log `to`: that of `from` with its columns in the opposite order.
void WriteReversedLog(FileSystem& files, const std::string& from, const std::string& to) {
  const auto reader = worker::LogReader::Open(files, {from});
  ASSERT_TRUE(reader.ok());
  worker::LogSchema schema = (*reader)->schema();
  std::reverse(schema.slots.begin(), schema.slots.end());
  std::reverse(schema.numerics.begin(), schema.numerics.end());
  ASSERT_TRUE(files.CreateDirectories(to).ok());
  auto writer = worker::LogWriter::Create(files, JoinPath(to, "part-00000.log"), schema);
  ASSERT_TRUE(writer.ok());
  for (uint32_t b = 0; b < (*reader)->blocks().size(); ++b) {
    worker::Batch block;
    ASSERT_TRUE((*reader)->ReadBlock(b, &block).ok());
    for (worker::FeatureColumns* side : {&block.contexts, &block.exposures}) {
      std::reverse(side->slots.begin(), side->slots.end());
      std::reverse(side->numerics.begin(), side->numerics.end());
    }
    ASSERT_TRUE((*writer)->AddBlock(worker::EncodeBlock(schema, block)).ok());
  }
  ASSERT_TRUE((*writer)->Finish().ok());
}

TEST(ScoringTest, ALogIsScoredByItsColumnsNamesInAnyOrder) {
  const TrainConfig config = JobConfig("evaluate { log: 'test' } objective { base {} }");
  const auto files = FilesWithLogs();
  WriteReversedLog(*files, "test", "reversed");
  const Trained trained = TrainOn(*files, config, Layout());
  ASSERT_TRUE(trained.status.ok()) << trained.status.ToString();
  TrainConfig other = config;
  other.mutable_evaluate()->set_log(0, "reversed");
  const auto expected = PredictOn(*files, config, Layout(), trained.first().checkpoint);
  const auto text = PredictOn(*files, other, kWide, trained.first().checkpoint);
  ASSERT_TRUE(expected.ok() && text.ok()) << text.status().ToString();
  EXPECT_TRUE(*text == *expected);
}

TEST(ScoringTest, ScoresAreEqualInLogOrderOnAnyLayoutAndMakeTheEvaluation) {
  const TrainConfig config = JobConfig("evaluate { log: 'test' k: 2 } objective { esmm {} }");
  const auto files = FilesWithLogs();
  const Trained trained = TrainOn(*files, config, kWide);
  ASSERT_TRUE(trained.status.ok()) << trained.status.ToString();
  const auto expected = ScoresOn(*files, config, Layout(), trained.first().checkpoint);
  ASSERT_TRUE(expected.ok()) << expected.status().ToString();
  ASSERT_EQ(expected->rows(), 230u);
  EXPECT_TRUE(expected->has_group);
  for (uint64_t row = 0; row < 230; ++row) EXPECT_EQ(expected->row_id[row], row);
  for (const Layout& layout : {kWide, kManyWorkers}) {
    const auto scores = ScoresOn(*files, config, layout, trained.first().checkpoint);
    ASSERT_TRUE(scores.ok()) << scores.status().ToString();
    EXPECT_TRUE(*scores == *expected);
  }
  const Evaluation& evaluation = *trained.first().evaluation;
  ASSERT_EQ(evaluation.ranking_size(), 1);
  EXPECT_EQ(evaluation.ranking(0).k(), 2u);
  EXPECT_GT(evaluation.groups(), 5u);
  EXPECT_TRUE(evaluation.task(0).has_gauc());
}

TEST(ScoringTest, EvaluationDuringTrainingChangesNothingInTheModel) {
  const auto files = FilesWithLogs();
  const std::string plain = OutcomeOf(*files, JobConfig(), kWide).state;
  ASSERT_TRUE(files->RemoveRecursively("ckpt").ok());
  const std::string evaluated =
      OutcomeOf(*files, JobConfig("evaluate { log: 'test' every_steps: 1 }"), kWide).state;
  EXPECT_TRUE(evaluated == plain);
}

TEST(ScoringTest, AnEvaluationInTrainingIsThatOfTheCheckpointOfItsStep) {
  for (const uint32_t pull_ahead : {0u, 2u}) {
    const TrainConfig config =
        JobConfig(StrCat("evaluate { log: 'test' every_steps: 2 } checkpoint { every_steps: 2 } ",
                         "step { pull_ahead: ", pull_ahead, " }"));
    const auto files = FilesWithLogs();
    ASSERT_TRUE(TrainOn(*files, config, kWide).status.ok());
    uint32_t compared = 0;
    for (const Report& report : ReadReports(*files, "metrics.jsonl")) {
      if (!report.has_evaluation() || report.step() % 2 != 0) continue;
      char folder[40];
      std::snprintf(folder, sizeof(folder), "ckpt/step-%012d", static_cast<int>(report.step()));
      const auto evaluation = EvaluateOn(*files, config, Layout(), folder);
      ASSERT_TRUE(evaluation.ok()) << evaluation.status().ToString();
      EXPECT_EQ(evaluation->ShortDebugString(), report.evaluation().ShortDebugString())
          << "step " << report.step() << " pull_ahead " << pull_ahead;
      ++compared;
    }
    EXPECT_GE(compared, 3u);
  }
}

// What the training log asks of a worker: distinct keys a step and table, and contexts a grain.
TEST(CountersTest, AKeyIsLookedUpOnceAWorkerAndStepAndAContextPooledOnceAGrain) {
  constexpr uint32_t kWorkers = 3;
  const TrainConfig config = JobConfig("data { max_steps: 3 order: SEQUENTIAL }");
  const auto files = FilesWithLogs();
  const Trained trained = TrainOn(*files, config, {.workers = kWorkers, .servers = 2});
  ASSERT_TRUE(trained.status.ok());

  const auto log = worker::LogReader::Open(*files, {"train"});
  ASSERT_TRUE(log.ok());
  worker::ReadingOptions options;
  options.order = DataConfig::SEQUENTIAL;
  options.unclicked_conversion = KEEP_UNCLICKED;
  options.grain_rows = config.step().grain_rows();
  options.grains_per_step = config.step().grains_per_step();
  const auto plan = worker::ReadingPlan::Make(**log, options);
  ASSERT_TRUE(plan.ok());
  const std::set<std::string> in_b = {"item"};
  for (uint32_t w = 0; w < kWorkers; ++w) {
    const GrainRange range = GrainsOfWorker(w, kWorkers, options.grains_per_step);
    const auto reader = (*plan)->NewReader(range);
    uint64_t seen = 0, unique = 0, contexts = 0;
    for (uint64_t step = 1; step <= 3; ++step) {
      std::set<Key> keys[2];
      for (uint32_t grain = range.begin; grain < range.end; ++grain) {
        worker::Batch batch;
        ASSERT_TRUE(reader->Read(step, grain, &batch).ok());
        contexts += batch.contexts.rows;
        size_t side_slot[2] = {0, 0};
        for (const worker::SlotInfo& slot : RichSchema().slots) {
          const worker::FeatureColumns& side = slot.context ? batch.contexts : batch.exposures;
          const worker::SlotColumn& column = side.slots[side_slot[slot.context]++];
          seen += column.keys.size();
          keys[in_b.contains(slot.name)].insert(column.keys.begin(), column.keys.end());
        }
      }
      unique += keys[0].size() + keys[1].size();
    }
    EXPECT_EQ(trained.workers[w].keys_seen, seen) << "worker " << w;
    EXPECT_EQ(trained.workers[w].keys_unique, unique) << "worker " << w;
    EXPECT_EQ(trained.workers[w].contexts_pooled, contexts) << "worker " << w;
    EXPECT_LT(unique, seen);
  }
}

}  // namespace
}  // namespace chorus::e2e
