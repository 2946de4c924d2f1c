// `chorus compare` where runs fail: the others are trained, the tables are of them, and what failed
// is marked, said, and tried again.

#include "tests/launch/compare/compare_testing.h"
#include "tests/launch/report/well_formed.h"

namespace chorus::e2e {
namespace {

constexpr int kSomeRunsFailed = 3;

class FailedRunsTest : public CompareTest {
 protected:
  // Two methods that train and one that takes this learning rate.
  std::string ConfigWith(const std::string& lr) {
    return WriteConfig("wild", StrCat("method { name: \"WILD\" objective { esmm {} } ",
                                      "set: \"model.optimizer={sgd {lr: ", lr, "}}\" }\n"));
  }
};

TEST_F(FailedRunsTest, ARunThatDivergesIsMarkedAndTheOthersMakeTheTable) {
  const test::Finished finished = Run(0, Compare(ConfigWith("1e30"), "out"));
  EXPECT_EQ(finished.code, kSomeRunsFailed) << finished.errors;
  EXPECT_NE(finished.errors.find("2 of 6 runs failed: WILD seed 1, WILD seed 2"), std::string::npos)
      << finished.errors;
  for (const std::string& page : {Read("out/table.md"), Read("out/report.html")}) {
    EXPECT_NE(page.find("(0 of 2 seeds; 2 runs failed)"), std::string::npos) << page;
    EXPECT_NE(page.find("4 of 6 runs are finished"), std::string::npos) << page;
    EXPECT_NE(page.find("Failed: WILD seed 2: "), std::string::npos) << page;
    EXPECT_NE(page.find("not finite"), std::string::npos) << page;
  }
  EXPECT_NE(Read("out/table.md").find("| WILD (0 of 2 seeds; 2 runs failed) | - |"),
            std::string::npos);
  EXPECT_EQ(WhatIsUnbalanced(Read("out/report.html")), "");

  // The same configuration diverges again; another one is no continuation of what failed.
  const test::Finished again = Run(0, Compare(ConfigWith("1e30"), "out", {"--resume"}));
  EXPECT_EQ(again.code, kSomeRunsFailed) << again.errors;
  EXPECT_NE(again.errors.find("4 of 6 runs are done already"), std::string::npos) << again.errors;
  EXPECT_NE(again.errors.find("run 5/6 WILD seed 1"), std::string::npos) << again.errors;
  ExpectSuccess(Run(0, Compare(ConfigWith("0.01"), "out", {"--resume"})));
  EXPECT_EQ(Read("out/table.md").find("failed"), std::string::npos);
  EXPECT_NE(Read("out/table.md").find("6 of 6 runs are finished"), std::string::npos);
  EXPECT_FALSE(files_.Exists(Path("out/runs/WILD/seed-1-0/FAILED")));
}

TEST_F(FailedRunsTest, ADamagedRecordOfARunThatFailsAgainDoesNotStopTheOthers) {
  const std::string config = ConfigWith("1e30");
  EXPECT_EQ(Run(0, Compare(config, "out")).code, kSomeRunsFailed);
  ASSERT_TRUE(ReplaceFile(files_, Path("out/runs/WILD/seed-1-0/DONE"), "damaged").ok());
  const test::Finished again = Run(0, Compare(config, "out", {"--resume"}));
  EXPECT_EQ(again.code, kSomeRunsFailed) << again.errors;
  EXPECT_NE(again.errors.find("2 of 6 runs failed: WILD seed 1, WILD seed 2"), std::string::npos)
      << again.errors;
  EXPECT_FALSE(files_.Exists(Path("out/runs/WILD/seed-1-0/DONE")));
}

TEST_F(FailedRunsTest, OneWorkerAmongRanksGoesOnAsOneProcessDoes) {
  EXPECT_EQ(Run(0, Compare(ConfigWith("1e30"), "one")).code, kSomeRunsFailed);
  const test::Finished ranks = Run(2, Compare(ConfigWith("1e30"), "ranks"));
  EXPECT_EQ(ranks.code, kSomeRunsFailed) << ranks.errors;
  EXPECT_EQ(Read("ranks/table.md"), Read("one/table.md"));
}

TEST_F(FailedRunsTest, SeveralWorkersEndTheJobAndTheNextOneTriesWhatFailedLast) {
  const std::vector<std::string> one_seed = {"--seeds", "1"};
  const std::string config = WriteConfig("first",
                                         "method { name: \"WILD\" objective { esmm {} } "
                                         "set: \"model.optimizer={sgd {lr: 1e30}}\" }\n"
                                         "method { name: \"TAME\" objective { esmm {} } }\n");
  ExpectFailure(Run(3, Compare(config, "out", one_seed)), "not finite");
  EXPECT_FALSE(files_.Exists(Path("out/runs/TAME/seed-1-0/DONE")));
  ExpectFailure(Run(3, Compare(config, "out", {"--seeds", "1", "--resume"})), "not finite");
  EXPECT_TRUE(files_.Exists(Path("out/runs/TAME/seed-1-0/DONE")));
  ExpectSuccess(Run(0, Compare(config, "out", {"--report-only"})));
  EXPECT_NE(Read("out/table.md").find("| TAME"), std::string::npos);
}

TEST_F(FailedRunsTest, WithoutAnyRunTheReasonIsTheError) {
  ExpectFailure(Run(0, Compare(WriteConfig("none"), "out",
                               {"--set", "train.model.optimizer={sgd {lr: 1e30}}"})),
                "no run is finished yet; BASE seed 1 failed: ");
}

}  // namespace
}  // namespace chorus::e2e
