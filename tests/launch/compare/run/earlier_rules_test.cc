// A comparison goes on by the rules by which its first runs were fitted to their logs.
#include <gtest/gtest.h>

#include <unistd.h>

#include "common/config.h"
#include "common/strings.h"
#include "launch/compare/run/configure_run.h"
#include "launch/compare/run/finished_runs.h"
#include "launch/compare/run/plan.h"
#include "tests/e2e/job_testing.h"

namespace chorus::launch {
namespace {

class EarlierRulesTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = JoinPath(testing::TempDir(), "chorus-XXXXXX");
    ASSERT_NE(mkdtemp(folder_.data()), nullptr);
    log_ = JoinPath(folder_, "log");
    e2e::WriteJobLog(files_, log_, e2e::RichSchema(), 400, 1);
  }
  void TearDown() override { EXPECT_TRUE(files_.RemoveRecursively(folder_).ok()); }

  // Of two methods and two seeds.
  ComparePlan Plan(const std::string& more = "") {
    const std::string file = JoinPath(folder_, "compare.textproto");
    const std::string data =
        StrCat("train: '", log_, "' test: '", log_, "' validation: '", log_, "'");
    EXPECT_TRUE(ReplaceFile(files_, file,
                            StrCat("name: 'c' seeds: 2 data { ", data, " } ",
                                   "method { name: 'BASE' objective { base {} } } ",
                                   "method { name: 'TWO' objective { two_task {} } } ", more))
                    .ok());
    const auto config = LoadCompareConfig(file, {});
    EXPECT_TRUE(config.ok()) << config.status().ToString();
    auto plan = MakePlan(files_, *config, file, {}, folder_);
    EXPECT_TRUE(plan.ok()) << plan.status().ToString();
    return std::move(plan).value();
  }

  // Begins a run of the table as an earlier build did. setting: of the sweep, -1: none.
  void BeginByEarlierRules(ComparePlan plan, PlannedRun run, int setting = -1) {
    LogSizes sizes(files_);
    plan.rules = worker::FitRules::kWithoutTowers;
    CompareMethod method = plan.method(run);
    if (setting >= 0) method = WithSetting(method, plan.config.sweep(setting));
    ASSERT_TRUE(ConfigureRun(plan, method, &sizes, &run).ok());
    ASSERT_EQ(run.config.model().tower(0).wide_size(), 0);
    ASSERT_TRUE(WriteJob(files_, run).ok());
  }

  FileSystem& files_ = PosixFiles();
  std::string folder_, log_;
};

TEST_F(EarlierRulesTest, ANewComparisonFitsTowers) {
  for (const PlannedRun& run : Plan().runs) {
    EXPECT_EQ(run.config.model().tower(0).wide_size(), 1) << run.folder;
  }
}

// A seed that is yet to be trained is to be of the same kind as those that are there.
TEST_F(EarlierRulesTest, HoldForAllRunsOfAComparisonThatAnEarlierBuildBegan) {
  const ComparePlan fresh = Plan();
  BeginByEarlierRules(fresh, fresh.runs.at(1));
  const ComparePlan plan = Plan();
  EXPECT_EQ(plan.rules, worker::FitRules::kWithoutTowers);
  ASSERT_EQ(plan.runs.size(), 4u);
  for (const PlannedRun& run : plan.runs) {
    EXPECT_EQ(run.config.model().tower(0).wide_size(), 0) << run.folder;
    EXPECT_EQ(run.config.model().optimizer().adam().lr(), 0.002) << run.folder;
  }
  EXPECT_EQ(plan.runs.at(3).config.objective().two_task().norm(), SPACE);
  const Status same = CheckSameJob(files_, plan.runs.at(1));
  EXPECT_TRUE(same.ok()) << same.ToString();
}

TEST_F(EarlierRulesTest, AreFoundByTheRunsOfASweep) {
  const std::string sweep = "sweep { name: 'rate' set: 'table.0.dim=5' } sweep { name: 'plain' }";
  const ComparePlan fresh = Plan(sweep);
  ASSERT_EQ(fresh.sweep.size(), 4u);
  BeginByEarlierRules(fresh, fresh.sweep.at(1), 1);
  const ComparePlan plan = Plan(sweep);
  EXPECT_EQ(plan.rules, worker::FitRules::kWithoutTowers);
  for (const PlannedRun& run : plan.sweep) {
    EXPECT_EQ(run.config.model().tower(0).wide_size(), 0) << run.folder;
  }
}

// It is no comparison of this configuration; the error names what differs from what is chosen now.
TEST_F(EarlierRulesTest, AreNotTakenForRunsOfAnotherConfiguration) {
  const ComparePlan fresh = Plan();
  PlannedRun run = fresh.runs.at(0);
  run.config.mutable_table(0)->set_dim(77);
  ASSERT_TRUE(WriteJob(files_, run).ok());
  const ComparePlan plan = Plan();
  EXPECT_EQ(plan.rules, worker::FitRules::kCurrent);
  const Status same = CheckSameJob(files_, plan.runs.at(0));
  EXPECT_EQ(same.code(), Code::kFailedPrecondition);
  EXPECT_NE(same.message().find("dim"), std::string::npos) << same.message();
}

}  // namespace
}  // namespace chorus::launch
