// A comparison says, before it trains, that a test log was imported by other rules than the log
// that is trained on.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "launch/compare/run/logs.h"
#include "tests/e2e/job_testing.h"

namespace chorus::launch {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

void WriteLogKnowing(FileSystem& files, const std::string& folder, uint32_t max_ids) {
  ImportSchema rules;
  ColumnSlot* const tags = rules.add_slot();
  tags->set_column("tags");
  tags->set_name("tags");
  tags->set_max_ids(max_ids);
  worker::LogSchema schema = e2e::RichSchema();
  schema.text = rules.SerializeAsString();
  e2e::WriteJobLog(files, folder, schema, 40, max_ids + 1);
}

TEST(LogRulesTest, RulesOfTheTestLogThatAreOthersAreTold) {
  const auto files = NewMemoryFiles();
  WriteLogKnowing(*files, "train", 0);
  WriteLogKnowing(*files, "other", 3);
  ComparePlan plan;
  plan.source = "compare.textproto";
  plan.config.add_data()->set_name("b");
  plan.config.add_method();
  const auto said = [&](const std::string& test) {
    PlannedRun run;
    run.config = e2e::JobConfig("evaluate { log: '" + test + "' }");
    testing::internal::CaptureStderr();
    const Status ready = CheckReady(*files, plan, run);
    std::string text = testing::internal::GetCapturedStderr();
    EXPECT_TRUE(ready.ok()) << ready.ToString();
    return text;
  };
  EXPECT_THAT(said("train"), Not(HasSubstr("other rules")));
  EXPECT_THAT(said("other"),
              AllOf(HasSubstr("compare.textproto: data \"b\": test"),
                    HasSubstr("other/part-00000.log: imported by other rules than train/part-0"),
                    HasSubstr("slot tags: max_ids: 3 | 0")));
}

}  // namespace
}  // namespace chorus::launch
