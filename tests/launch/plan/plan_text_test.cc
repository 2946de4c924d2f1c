#include "launch/plan/plan_text.h"

#include <gmock/gmock.h>

#include "launch/plan/gpu_text.h"

namespace chorus::launch {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(PlanText, NumbersHaveThreeDigitsAndAUnit) {
  EXPECT_EQ(ByteText(789), "789 bytes");
  EXPECT_EQ(ByteText(1234567), "1.23 MB");
  EXPECT_EQ(ByteText(45.6e9), "45.6 GB");
  EXPECT_EQ(SecondsText(0.00456), "4.56 ms");
  EXPECT_EQ(SecondsText(123.4), "123 s");
  EXPECT_EQ(CountText(12), "12");
  EXPECT_EQ(CountText(34500), "34.5k");
}

JobPlan PlanOf(uint32_t hosts, double exposures_per_second) {
  JobPlan plan;
  plan.mutable_layout()->set_hosts(hosts);
  plan.mutable_layout()->set_workers(hosts);
  plan.set_exposures_per_second(exposures_per_second);
  return plan;
}

TEST(PlanText, EfficiencyIsTheSpeedOfAHostAgainstTheFirstLayout) {
  const std::string table = PlanTableText({PlanOf(2, 2000), PlanOf(8, 6000)});
  EXPECT_THAT(table, HasSubstr("| 100 % |"));
  EXPECT_THAT(table, HasSubstr("| 75 % |"));
}

TEST(PlanText, EfficiencyHasOneUnitForAllLayouts) {
  std::vector<JobPlan> plans = {PlanOf(1, 2000), PlanOf(2, 3000)};
  plans[0].mutable_layout()->set_workers(2);
  plans[1].mutable_layout()->set_workers(4);
  EXPECT_THAT(PlanTableText(plans), HasSubstr("| 75 % |")) << "of hosts, since there are several";
  plans[1].mutable_layout()->set_hosts(1);
  plans[1].mutable_layout()->set_workers(8);
  EXPECT_THAT(PlanTableText(plans), HasSubstr("| 38 % |")) << "of workers of one host";
}

// What a file describes may have the name of an old GPU.
TEST(PlanText, WhetherAGpuRunsItIsOfThePlanNotOfTheName) {
  JobPlan plan = PlanOf(1, 2000);
  plan.mutable_gpu()->set_name("V100");
  plan.mutable_gpu()->set_runs(true);
  EXPECT_THAT(GpuTableText({plan}), Not(HasSubstr("does not run it")));
  plan.mutable_gpu()->set_runs(false);
  EXPECT_THAT(GpuTableText({plan}), HasSubstr("V100 does not run it"));
}

}  // namespace
}  // namespace chorus::launch
