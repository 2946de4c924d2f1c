// A loss that has exploded before the first report of it is doubted all the same.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/strings.h"
#include "tests/e2e/resume_testing.h"

namespace chorus::e2e {
namespace {

std::vector<std::string> DoubtsOfSteps(const std::string& more) {
  const auto files = FilesWithLogs();
  const TrainConfig config = JobConfig(StrCat("report { every_steps: 1000 } ", more));
  const Trained trained = TrainOn(*files, config, {.workers = 2});
  EXPECT_TRUE(trained.status.ok()) << trained.status.ToString();
  std::vector<std::string> doubts;
  for (const Report& report : ReadReports(*files, "metrics.jsonl")) {
    if (!report.has_progress()) continue;
    doubts.insert(doubts.end(), report.doubt().begin(), report.doubt().end());
  }
  return doubts;
}

TEST(LossDoubtTest, AnExplosionBeforeTheOnlyReportIsToldWithTheRemedy) {
  const std::vector<std::string> doubts =
      DoubtsOfSteps("model { optimizer { sgd { lr: 1e6 } } clip_norm: 1 }");
  ASSERT_EQ(doubts.size(), 1u);
  EXPECT_NE(doubts[0].find("the loss has grown from "), std::string::npos) << doubts[0];
  EXPECT_NE(doubts[0].find("lower the learning rates"), std::string::npos) << doubts[0];
}

TEST(LossDoubtTest, ALossThatDoesNotGrowIsNotDoubted) {
  EXPECT_TRUE(DoubtsOfSteps("model { optimizer { adam { lr: 0.001 } } }").empty());
}

}  // namespace
}  // namespace chorus::e2e
