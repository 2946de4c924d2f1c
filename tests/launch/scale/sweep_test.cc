// Sweeps with a launcher of the test's own, which writes what ranks would have counted.

#include "launch/scale/sweep.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "common/config.h"
#include "common/strings.h"

namespace chorus::launch {
namespace {

using testing::HasSubstr;

class SweepTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = JoinPath(testing::TempDir(), "sweep-XXXXXX");
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    // launcher -n RANKS program train --config JOB --counters DIR
    Script("launcher", R"(
mkdir -p "$8"
echo "$2" >> ")" + folder_ +
                           R"(/started"
for r in $(seq 0 $(($2 - 1))); do echo "{\"rank\": $r}" > "$8/rank-$r.json"; done
)");
    options_.launcher = {JoinPath(folder_, "launcher")};
    options_.program = "chorus";
    options_.output = JoinPath(folder_, "out");
    options_.repeats = 2;
    options_.deadline_seconds = 20;
  }
  void TearDown() override { EXPECT_TRUE(files_.RemoveRecursively(folder_).ok()); }

  void Script(const std::string& name, const std::string& text) {
    const std::string path = JoinPath(folder_, name);
    ASSERT_TRUE(ReplaceFile(files_, path, "#!/bin/sh\nset -e\n" + text).ok());
    ASSERT_EQ(::chmod(path.c_str(), 0755), 0);
  }
  static SweepLayout LayoutWith(uint32_t workers) {
    SweepLayout layout;
    layout.config.mutable_cluster()->set_placement(ClusterConfig::DEDICATED);
    layout.servers = 1;
    layout.workers = workers;
    return layout;
  }
  size_t Started() {
    const auto text = ReadWholeFile(files_, JoinPath(folder_, "started"));
    return text.ok() ? Split(*text, '\n').size() - 1 : 0;
  }

  FileSystem& files_ = PosixFiles();
  std::string folder_;
  SweepOptions options_;
};

TEST_F(SweepTest, EachLayoutRunsAsOftenAsAskedAndRepeatsAreTheOuterLoop) {
  const auto runs = RunSweep({LayoutWith(1), LayoutWith(2)}, options_, files_);
  ASSERT_TRUE(runs.ok()) << runs.status().ToString();
  ASSERT_EQ(runs->size(), 4u);
  EXPECT_EQ((*runs)[1].workers(), 2u);
  EXPECT_EQ((*runs)[1].repeat(), 1u);
  EXPECT_EQ((*runs)[1].rank_size(), 3);
  EXPECT_EQ(ReadWholeFile(files_, JoinPath(folder_, "started")).value(), "2\n3\n2\n3\n");
}

TEST_F(SweepTest, AnInterruptedSweepGoesOnAndResultsAreNotOverwritten) {
  options_.repeats = 1;
  ASSERT_TRUE(RunSweep({LayoutWith(1)}, options_, files_).ok());
  const Status refused = RunSweep({LayoutWith(1)}, options_, files_).status();
  EXPECT_EQ(refused.code(), Code::kFailedPrecondition);
  EXPECT_THAT(refused.ToString(), HasSubstr("--resume"));
  options_.resume = true;
  options_.repeats = 2;
  const auto runs = RunSweep({LayoutWith(1), LayoutWith(2)}, options_, files_);
  ASSERT_TRUE(runs.ok()) << runs.status().ToString();
  EXPECT_EQ(runs->size(), 4u);
  EXPECT_EQ(Started(), 4u) << "the one that was there has not run again";
  SweepLayout other = LayoutWith(1);
  other.config.set_seed(5);
  EXPECT_EQ(RunSweep({other}, options_, files_)->size(), 2u) << "another job has runs of its own";
}

TEST_F(SweepTest, ARunThatFailsIsNamedAndThoseBeforeItAreKept) {
  Script("failing", "test $2 -lt 3 || { echo no; exit 9; }\nexec \"" +
                        JoinPath(folder_, "launcher") + "\" \"$@\"\n");
  options_.launcher = {JoinPath(folder_, "failing")};
  options_.repeats = 1;
  const Status failed = RunSweep({LayoutWith(1), LayoutWith(2)}, options_, files_).status();
  EXPECT_THAT(failed.ToString(), HasSubstr("w2-s1-r1"));
  EXPECT_THAT(failed.ToString(), HasSubstr("exit code 9"));
  Script("failing", "exec \"" + JoinPath(folder_, "launcher") + "\" \"$@\"\n");
  options_.resume = true;
  ASSERT_TRUE(RunSweep({LayoutWith(1), LayoutWith(2)}, options_, files_).ok());
  EXPECT_EQ(Started(), 2u);
}

TEST_F(SweepTest, RunsOfAnotherLauncherProgramOrNumberOfHostsAreNotThese) {
  options_.repeats = 1;
  ASSERT_TRUE(RunSweep({LayoutWith(1)}, options_, files_).ok());
  options_.resume = true;
  ASSERT_TRUE(RunSweep({LayoutWith(1)}, options_, files_).ok());
  EXPECT_EQ(Started(), 1u);
  options_.hosts = 2;
  EXPECT_EQ(RunSweep({LayoutWith(1)}, options_, files_)->size(), 1u);
  EXPECT_EQ(Started(), 2u);
  options_.program = "other/chorus";
  ASSERT_TRUE(RunSweep({LayoutWith(1)}, options_, files_).ok());
  EXPECT_EQ(Started(), 3u);
  options_.launcher.insert(options_.launcher.begin(), "env");
  ASSERT_TRUE(RunSweep({LayoutWith(1)}, options_, files_).ok());
  EXPECT_EQ(Started(), 4u);
}

TEST_F(SweepTest, RanksWhoseCountersAreElsewhereAreAnError) {
  Script("launcher", "mkdir -p \"$8\"; echo '{\"rank\": 0}' > \"$8/rank-0.json\"\n");
  EXPECT_THAT(RunSweep({LayoutWith(2)}, options_, files_).status().ToString(),
              HasSubstr("1 of 3 ranks"));
}

}  // namespace
}  // namespace chorus::launch
