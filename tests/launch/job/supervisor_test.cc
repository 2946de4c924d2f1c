#include "launch/job/supervisor.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/support/process.h"

namespace chorus::launch {
namespace {

using test::Finished;

const std::string kProgram = SUPERVISED_RANK;

size_t CountOf(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(Supervisor, JobWithoutFailureEndsWell) {
  const Finished job = test::RunMpirun(3, {kProgram, "1"}, 30);
  EXPECT_EQ(job.code, 0) << job.errors;
}

TEST(Supervisor, FailureOfOneRankIsNamedAndEndsTheJob) {
  const Finished job = test::RunMpirun(3, {kProgram, "30", "2:3:0.1"}, 15);
  EXPECT_EQ(job.code, 1);
  EXPECT_NE(job.errors.find("rank 2 (worker 2 on "), std::string::npos) << job.errors;
  EXPECT_NE(job.errors.find("DataLoss: trouble of rank 2"), std::string::npos) << job.errors;
}

TEST(Supervisor, CauseIsReportedInsteadOfItsConsequences) {
  // Rank 0 loses its connection (Unavailable) before rank 1, where the cause lies, can report.
  const Finished job = test::RunMpirun(3, {kProgram, "30", "0:4:0", "2:9:0", "1:6:0.4"}, 25);
  EXPECT_EQ(job.code, 1);
  EXPECT_EQ(CountOf(job.errors, "trouble of rank 1"), 1u) << job.errors;
  EXPECT_EQ(CountOf(job.errors, "trouble of rank"), 1u) << job.errors;
}

TEST(Supervisor, ConsequenceWithoutACauseIsReportedAfterTheGracePeriod) {
  const Finished job = test::RunMpirun(2, {kProgram, "0.3", "1:4:0"}, 15);
  EXPECT_EQ(job.code, 69);  // another try may succeed
  EXPECT_EQ(CountOf(job.errors, "Unavailable: trouble of rank 1"), 1u) << job.errors;
}

TEST(Supervisor, AnExceptionOfALibraryIsAFailure) {
  const Finished job = test::RunProcess({kProgram, "1", "0:throw:0"}, 15);
  EXPECT_EQ(job.code, 1);
  EXPECT_NE(job.errors.find("Internal: exception: a library threw"), std::string::npos)
      << job.errors;
}

TEST(Supervisor, AKilledRankEndsTheJobWithItsSignal) {
  test::Process job(test::Mpirun(2, {kProgram, "1", "0:3:20", "1:3:20"}),
                    test::MpirunEnvironment());
  ASSERT_TRUE(job.KillRank(1, 10));
  EXPECT_EQ(job.Wait(15), 137) << job.Errors();
}

}  // namespace
}  // namespace chorus::launch
