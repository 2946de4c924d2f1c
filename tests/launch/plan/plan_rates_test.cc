#include "launch/plan/plan_rates.h"

#include <gmock/gmock.h>

namespace chorus::launch {
namespace {

using testing::HasSubstr;

TEST(PlanRates, AreReadAsTheyWereWritten) {
  const auto files = NewMemoryFiles();
  PlanRates rates = AssumedRates();
  rates.set_core_flops(1.25e11);
  ASSERT_TRUE(SaveRates(*files, "rates.json", rates).ok());
  const auto read = LoadRates(*files, "rates.json");
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  EXPECT_EQ(read->SerializeAsString(), rates.SerializeAsString());
}

TEST(PlanRates, AFileThatIsNoneIsNamedWithWhatIsWrong) {
  const auto files = NewMemoryFiles();
  PlanRates rates = AssumedRates();
  rates.set_server_rows(0);
  ASSERT_TRUE(SaveRates(*files, "rates.json", rates).ok());
  const Status status = LoadRates(*files, "rates.json").status();
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_THAT(status.ToString(), HasSubstr("rates.json"));
  EXPECT_THAT(status.ToString(), HasSubstr("server_rows"));
  ASSERT_TRUE(ReplaceFile(*files, "text", "hello").ok());
  EXPECT_THAT(LoadRates(*files, "text").status().ToString(), HasSubstr("text"));
  EXPECT_FALSE(LoadRates(*files, "gone").ok());
}

}  // namespace
}  // namespace chorus::launch
