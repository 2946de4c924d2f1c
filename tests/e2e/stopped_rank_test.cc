// A rank that stops, as a machine that hangs does, inside a call of MPI between main's first line
// and its last: the others end at the deadline, and name it.

#include <chrono>
#include <filesystem>

#include "tests/e2e/command_testing.h"

namespace chorus::e2e {
namespace {

class StoppedRankTest : public CommandTest, public testing::WithParamInterface<const char*> {};

TEST_P(StoppedRankTest, EndsTheJobAtItsDeadlineAndIsNamed) {
  // The loader takes blanks in LD_PRELOAD for ends of names, which the build folder may have.
  const std::string library = Path("stop_at.so");
  std::filesystem::copy_file(CHORUS_STOP_AT, library);
  std::vector<std::string> environment = test::MpirunEnvironment();
  environment.push_back("LD_PRELOAD=" + library);
  environment.push_back(StrCat("STOP_AT=", GetParam()));
  environment.push_back("STOP_RANK=1");
  const auto begin = std::chrono::steady_clock::now();
  const test::Finished finished = test::RunProcess(
      test::Mpirun(3, Command("train", Config("run"), {"--set", "cluster.deadline_seconds=4"})),
      kLimitSeconds, environment);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  EXPECT_EQ(finished.code, 69) << finished.output << finished.errors;
  EXPECT_LT(seconds.count(), 45);
  EXPECT_NE(finished.errors.find("DeadlineExceeded"), std::string::npos) << finished.errors;
  EXPECT_NE(finished.errors.find("rank 1 (process "), std::string::npos) << finished.errors;
  EXPECT_NE(finished.errors.find("is stopped"), std::string::npos) << finished.errors;
}

INSTANTIATE_TEST_SUITE_P(Calls, StoppedRankTest,
                         testing::Values("MPI_Init_thread", "MPI_Testall", "MPI_Comm_split",
                                         "MPI_Iallgather", "MPI_Comm_free", "MPI_Finalize"),
                         [](const auto& call) { return std::string(call.param); });

}  // namespace
}  // namespace chorus::e2e
