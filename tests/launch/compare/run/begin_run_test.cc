// What a run of a comparison finds in its folder when it begins.
#include <gtest/gtest.h>

#include "launch/compare/run/failed_runs.h"
#include "launch/compare/run/finished_runs.h"

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

}  // namespace
}  // namespace chorus::launch
