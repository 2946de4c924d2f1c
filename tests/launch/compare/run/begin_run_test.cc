// What a run of a comparison finds in its folder when it begins.
#include <gtest/gtest.h>

#include <unistd.h>

#include "common/config.h"
#include "common/strings.h"

#include "launch/compare/run/failed_runs.h"
#include "launch/compare/run/finished_runs.h"
#include "tests/e2e/job_testing.h"

namespace chorus::launch {
namespace {

TEST(BeginRun, RemovesARecordThatIsDamagedSoThatAFailureIsFound) {
  const auto files = NewMemoryFiles();
  PlannedRun run;
  run.folder = "out/runs/BASE/seed-1-0";
  ASSERT_TRUE(BeginRun(*files, run).ok());
  ASSERT_TRUE(ReplaceFile(*files, run.DonePath(), "damaged").ok());
  ASSERT_TRUE(BeginRun(*files, run).ok());
  EXPECT_FALSE(files->Exists(run.DonePath()));
  EXPECT_TRUE(files->Exists(run.JobPath()));
}

// Such a build did not fit data.window_blocks, and saved a length in every slot.
TEST(BeginRun, ARunOfAnOlderBuildGoesOnWithWhatItWasMadeWith) {
  std::string folder = JoinPath(testing::TempDir(), "chorus-XXXXXX");
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  FileSystem& files = PosixFiles();
  const std::string log = JoinPath(folder, "log"), file = JoinPath(folder, "compare.textproto");
  e2e::WriteJobLog(files, log, e2e::RichSchema(), 400, 1);
  const std::string text = StrCat(
      "name: 'c' fit_settings: true seeds: 1 train { step { grains_per_step: 1 } slot { name: "
      "'item' } } ",
      "data { train: '", log, "' test: '", log, "' } ",
      "method { name: 'BASE' objective { base {} } }");
  ASSERT_TRUE(ReplaceFile(files, file, text).ok());
  const auto make_plan = [&] {
    const auto config = LoadCompareConfig(file, {});
    EXPECT_TRUE(config.ok()) << config.status().ToString();
    auto plan = MakePlan(files, *config, file, {}, folder);
    EXPECT_TRUE(plan.ok()) << plan.status().ToString();
    return std::move(plan).value();
  };
  PlannedRun run = make_plan().runs.at(0);
  ASSERT_NE(run.config.data().window_blocks(), 4u);
  run.config.mutable_data()->set_window_blocks(4);
  run.config.mutable_slot(0)->set_max_length(20);
  ASSERT_TRUE(WriteJob(files, run).ok());
  const PlannedRun again = make_plan().runs.at(0);
  EXPECT_EQ(again.config.data().window_blocks(), 4u);
  const Status same = CheckSameJob(files, again);
  EXPECT_TRUE(same.ok()) << same.ToString();
  EXPECT_TRUE(files.RemoveRecursively(folder).ok());
}

}  // namespace
}  // namespace chorus::launch
