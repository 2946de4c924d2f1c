// Evaluations on a log of whose conversions nothing is known.

#include <gtest/gtest.h>

#include "tests/e2e/job_testing.h"
#include "tests/e2e/trained_testing.h"
#include "worker/log/batch.h"

namespace chorus::e2e {
namespace {

class ClicksAloneTest : public TrainedTest {
 protected:
  ClicksAloneTest() : TrainedTest(JobConfig("evaluate { log: 'test' k: 2 }"), 200, 130) {}
};

TEST_F(ClicksAloneTest, AreThoseOfPCtrOnAnyLayout) {
  worker::LogSchema schema = RichSchema();
  schema.has_conversion = false;
  WriteJobLog(*files_, "clicks", schema, 130, 2);
  worker::EvaluationLogs logs = worker::EvaluationLogs::Of(config_);
  for (const uint32_t workers : {1u, 3u}) {
    logs.log = {"test"};
    const auto both =
        EvaluateLogsOn(*files_, config_, {.workers = workers, .servers = 2}, checkpoint_, logs);
    logs.log = {"clicks"};
    const auto clicks =
        EvaluateLogsOn(*files_, config_, {.workers = workers, .servers = 2}, checkpoint_, logs);
    ASSERT_TRUE(both.ok() && clicks.ok()) << clicks.status().ToString();
    EXPECT_EQ(both->task_size(), 3);
    EXPECT_EQ(both->ranking_size(), 1);
    ASSERT_EQ(clicks->task_size(), 1);
    EXPECT_EQ(clicks->task(0).task(), "ctr");
    EXPECT_GT(clicks->task(0).positives(), 0u);
    EXPECT_TRUE(clicks->task(0).has_gauc());
    EXPECT_EQ(clicks->ranking_size() + clicks->pcoc_bucket_size(), 0);
  }
}

}  // namespace
}  // namespace chorus::e2e
