// What the doctor says of settings that a log does not explain.

#include "launch/doctor/job_findings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/worker/log/log_testing.h"

namespace chorus::launch {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Field;
using testing::Not;

const auto kWrongSettings =
    AllOf(Field(&Finding::kind, Finding::Kind::kWrong), Field(&Finding::topic, "settings"));

TEST(JobFindingsTest, SettingsThatCannotBeFittedAreWrongUnlessTheLogIs) {
  const auto files = NewMemoryFiles();
  const worker::LogSchema schema = worker::testing::PlainSchema();
  worker::testing::WriteLog(*files, "train.log", schema,
                            {worker::testing::MakeBatch(schema, 50, 1, 0)});
  TrainConfig config;
  config.mutable_data()->add_log("train.log");
  config.mutable_checkpoint()->set_best(CheckpointConfig::NONE);
  const Status unfit = InvalidArgument("no objective fits");
  EXPECT_THAT(JudgeJob(*files, config, unfit),
              Contains(AllOf(kWrongSettings, Field(&Finding::what, "no objective fits"),
                             Field(&Finding::remedy, ""))));
  config.mutable_data()->set_log(0, "gone.log");
  EXPECT_THAT(JudgeJob(*files, config, unfit), Not(Contains(kWrongSettings)));
}

}  // namespace
}  // namespace chorus::launch
