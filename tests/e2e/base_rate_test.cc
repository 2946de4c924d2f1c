// With model.start BASE_RATE a model that has learnt nothing predicts what the log's labels have on
// average; from ZERO it predicts one half.

#include <gtest/gtest.h>

#include <sstream>

#include "common/strings.h"
#include "tests/e2e/resume_testing.h"
#include "worker/log/log_reader.h"

namespace chorus::e2e {
namespace {

// A job of one step that moves nothing.
TrainConfig StandingStill(const std::string& start) {
  return JobConfig(StrCat(R"(
      data { max_steps: 1 }
      table { name: "a" dim: 4 optimizer { adagrad { lr: 0 } } }
      table { name: "b" dim: 3 optimizer { adagrad { lr: 0 } } }
      model { optimizer { adam { lr: 0 } } start: )",
                          start, R"( }
      evaluate { log: "train" })"));
}

struct FirstPrediction {
  double ctr = 0;
  double cvr = 0;
};
FirstPrediction PredictUntrained(const std::string& start) {
  const auto files = FilesWithLogs();
  const TrainConfig config = StandingStill(start);
  const Trained trained = TrainOn(*files, config, {.workers = 2});
  EXPECT_TRUE(trained.status.ok()) << trained.status.ToString();
  const auto text = PredictOn(*files, config, {}, trained.first().checkpoint);
  EXPECT_TRUE(text.ok()) << text.status().ToString();
  std::istringstream lines(*text);
  std::string header, row_id, click, conversion, pctr, pcvr;
  std::getline(lines, header);
  lines >> row_id >> click >> conversion >> pctr >> pcvr;
  return {std::atof(pctr.c_str()), std::atof(pcvr.c_str())};
}

TEST(BaseRateTest, AnUntrainedModelPredictsTheLogsRates) {
  const auto files = FilesWithLogs();
  const auto log = worker::LogReader::Open(*files, {"train"});
  ASSERT_TRUE(log.ok());
  ASSERT_TRUE((*log)->schema().has_weight);
  double rows = 0, clicks = 0, conversions = 0;  // weighted, as the loss has them
  worker::Batch batch;
  for (uint32_t b = 0; b < (*log)->blocks().size(); ++b) {
    ASSERT_TRUE((*log)->ReadBlock(b, &batch).ok());
    for (uint32_t i = 0; i < batch.rows(); ++i) {
      const auto weight = static_cast<double>(batch.weight[i]);
      rows += weight;  // the job keeps conversions without a click
      clicks += batch.click[i] != 0 ? weight : 0;
      conversions += batch.click[i] != 0 && batch.conversion[i] != 0 ? weight : 0;
    }
  }
  const FirstPrediction at_rate = PredictUntrained("BASE_RATE");
  EXPECT_NEAR(at_rate.ctr, clicks / rows, 1e-3);
  EXPECT_NEAR(at_rate.cvr, conversions / clicks, 5e-3);
  const FirstPrediction at_zero = PredictUntrained("ZERO");
  EXPECT_EQ(at_zero.ctr, 0.5);
  EXPECT_EQ(at_zero.cvr, 0.5);
}

}  // namespace
}  // namespace chorus::e2e
