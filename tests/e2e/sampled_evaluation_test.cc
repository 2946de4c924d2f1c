// evaluate.max_rows: a sample of a large log, the same one on any layout.

#include <gtest/gtest.h>

#include "common/strings.h"
#include "tests/e2e/job_testing.h"
#include "tests/e2e/trained_testing.h"
#include "worker/log/row_sample.h"
#include "worker/metrics/metrics.h"

namespace chorus::e2e {
namespace {

class SampledEvaluationTest : public TrainedTest {
 protected:
  SampledEvaluationTest() : TrainedTest(JobConfig("evaluate { log: 'test' k: 2 }"), 200, 430) {}
  Result<Evaluation> Evaluate(uint64_t max_rows, const Layout& layout) {
    worker::EvaluationLogs logs = worker::EvaluationLogs::Of(config_);
    logs.max_rows = max_rows;
    return EvaluateLogsOn(*files_, config_, layout, checkpoint_, logs);
  }
};

TEST_F(SampledEvaluationTest, IsTheSameOnAnyLayoutAndSaysItsShare) {
  const auto expected = Evaluate(200, Layout());
  ASSERT_TRUE(expected.ok()) << expected.status().ToString();
  EXPECT_DOUBLE_EQ(expected->sample(), 200.0 / 430);
  EXPECT_GT(expected->rows(), 0u);
  EXPECT_LT(expected->rows(), 430u);
  EXPECT_NE(worker::FormatEvaluation(*expected).find("46.5 %"), std::string::npos);
  for (const uint32_t workers : {2u, 3u, 4u}) {
    const auto evaluation = Evaluate(200, {.workers = workers, .servers = 2, .threads = 2});
    ASSERT_TRUE(evaluation.ok()) << evaluation.status().ToString();
    EXPECT_EQ(evaluation->SerializeAsString(), expected->SerializeAsString()) << workers;
  }
}

TEST_F(SampledEvaluationTest, HasTheRowsThatAreDrawnAndTheirScores) {
  const auto scores = ScoresOn(*files_, config_, Layout(), checkpoint_);
  ASSERT_TRUE(scores.ok()) << scores.status().ToString();
  const worker::RowSample sample(200, 430);
  worker::Batch drawn_by;
  drawn_by.row_id = scores->row_id;
  drawn_by.group = scores->group;
  const auto metrics = worker::MetricsAccumulator::Create();
  for (uint32_t row = 0; row < 430; ++row) {
    if (!sample.Has(drawn_by, row)) continue;
    const worker::Prediction prediction = scores->PredictionOf(row);
    metrics->Add({&prediction, 1}, &scores->click[row], &scores->conversion[row], {},
                 {&scores->weight[row], 1});
  }
  const auto evaluation = Evaluate(200, {.workers = 3});
  ASSERT_TRUE(evaluation.ok()) << evaluation.status().ToString();
  const Evaluation expected = metrics->Report();
  EXPECT_EQ(evaluation->rows(), expected.rows());
  for (int t = 0; t < 3; ++t) {
    EXPECT_EQ(evaluation->task(t).rows(), expected.task(t).rows());
    EXPECT_EQ(evaluation->task(t).auc(), expected.task(t).auc());
    EXPECT_EQ(evaluation->task(t).log_loss(), expected.task(t).log_loss());
  }
}

TEST_F(SampledEvaluationTest, ALogThatIsSmallEnoughIsEvaluatedWhole) {
  const auto all = Evaluate(0, Layout()), enough = Evaluate(430, Layout());
  ASSERT_TRUE(all.ok() && enough.ok());
  EXPECT_FALSE(all->has_sample());
  EXPECT_EQ(enough->SerializeAsString(), all->SerializeAsString());
}

TEST_F(SampledEvaluationTest, OneThatIsEmptyIsAnErrorWithItsRemedy) {
  const Status status = Evaluate(1, {.workers = 2}).status();
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_NE(status.message().find("evaluate.max_rows is 1"), std::string::npos)
      << status.ToString();
}

// The same in a run: it costs the report, not the run.
constexpr char kOneRow[] = " evaluate { max_rows: 1 }";

uint32_t EvaluationsIn(FileSystem& files) {
  uint32_t evaluations = 0;
  for (const Report& report : ReadReports(files, "metrics.jsonl")) {
    evaluations += report.has_evaluation() ? 1 : 0;
  }
  return evaluations;
}

TEST_F(SampledEvaluationTest, ARunGoesOnWhenOneIsEmpty) {
  const TrainConfig config = With(
      config_,
      StrCat("evaluate { every_steps: 2 } checkpoint { every_steps: 2 best: CTR_AUC }", kOneRow));
  const auto files = NewMemoryFiles();
  WriteJobLog(*files, "train", RichSchema(), 300, 1);
  WriteJobLog(*files, "test", RichSchema(), 430, 2);
  ::testing::internal::CaptureStderr();
  const Trained trained = TrainOn(*files, config, {.workers = 2});
  const std::string said = ::testing::internal::GetCapturedStderr();
  ASSERT_TRUE(trained.status.ok()) << trained.status.ToString();
  EXPECT_GT(trained.first().steps, 2u);
  EXPECT_FALSE(trained.first().evaluation.has_value());
  EXPECT_FALSE(trained.first().best.has_value());
  EXPECT_EQ(EvaluationsIn(*files), 0u);
  EXPECT_NE(said.find("this evaluation is left out"), std::string::npos) << said;

  // From a checkpoint whose evaluation is missing, too.
  CopyCheckpoint(*files, "ckpt", 2, "early");
  const TrainConfig early = With(config, "checkpoint { directory: 'early' }");
  const Trained resumed = TrainOn(*files, early, {.workers = 3}, true);
  EXPECT_TRUE(resumed.status.ok()) << resumed.status.ToString();
  EXPECT_EQ(resumed.first().steps, trained.first().steps);
}

TEST_F(SampledEvaluationTest, AFollowedFileIsTrainedWhenItsSampleIsEmpty) {
  const auto files = NewMemoryFiles();
  WriteJobLog(*files, "train", RichSchema(), 300, 1);
  const TrainConfig config = JobConfig(StrCat("data { follow_seconds: 0.02 epochs: 1 }", kOneRow));
  const Trained trained = TrainOn(*files, config, {.workers = 2});
  ASSERT_TRUE(trained.status.ok()) << trained.status.ToString();
  EXPECT_GT(trained.first().steps, 0u);
  EXPECT_EQ(EvaluationsIn(*files), 0u);
}

}  // namespace
}  // namespace chorus::e2e
