// `chorus run`: a job whose rank is killed goes on by itself, and ends with the state and the
// reports of a run that nobody killed.

#include "tests/e2e/command_testing.h"

namespace chorus::e2e {
namespace {

using RestartedJobTest = CommandTest;

constexpr char kJob[] =
    "data { epochs: 60 } checkpoint { every_steps: 10 keep: 1000 } report { every_steps: 5 }";

TEST_F(RestartedJobTest, GoesOnFromTheNewestCheckpointToTheSameBits) {
  test::Process job = Start(0, Command("run", Config("run", kJob), {"--ranks", "3"}));
  for (const char* checkpoint : {"step-000000000010: step 10", "step-000000000030: step 30"}) {
    ASSERT_TRUE(job.WaitForText(checkpoint, kLimitSeconds)) << job.Errors();
    ASSERT_TRUE(job.KillRank(1, 10)) << job.Errors();
  }
  EXPECT_EQ(job.Wait(kLimitSeconds), 0) << job.Output() << job.Errors();
  EXPECT_NE(job.Errors().find("try 3: mpirun"), std::string::npos) << job.Errors();
  EXPECT_NE(job.Errors().find("the job goes on from " + Path("run/ckpt/step-")), std::string::npos)
      << job.Errors();
  ExpectSuccess(Run(0, Command("train", Config("whole", kJob))));
  const Outcome run = OutcomeOfRun("run"), whole = OutcomeOfRun("whole");
  EXPECT_TRUE(run.state == whole.state);
  EXPECT_EQ(run.reports, whole.reports);
}

TEST_F(RestartedJobTest, ASignalSavesAndEndsIt) {
  constexpr char kLong[] = "data { epochs: 10000 } checkpoint { every_steps: 10 }";
  test::Process job = Start(0, Command("run", Config("run", kLong)));
  ASSERT_TRUE(job.WaitForText("step-000000000010: step 10", kLimitSeconds)) << job.Errors();
  job.Kill(SIGTERM);
  EXPECT_EQ(job.Wait(kLimitSeconds), 75) << job.Output() << job.Errors();
  EXPECT_NE(job.Output().find("stopped by SIGUSR1; the same command with --resume"),
            std::string::npos)
      << job.Output();
  EXPECT_EQ(job.Errors().find("try 2"), std::string::npos) << job.Errors();
}

TEST_F(RestartedJobTest, AJobThatWouldFailAgainIsNotStartedAgain) {
  const test::Finished wrong =
      Run(0, Command("run", Config("run", kJob), {"--set", "data.log=" + Path("absent")}));
  ExpectFailure(wrong, "exit code 1: the same job would fail again");
  EXPECT_NE(wrong.errors.find(Path("absent")), std::string::npos) << wrong.errors;
  EXPECT_EQ(wrong.errors.find("try 2"), std::string::npos) << wrong.errors;
}

TEST_F(RestartedJobTest, RefusesWhatItCannotDoBeforeTheFirstTry) {
  ExpectFailure(Run(0, Command("run", Config("run"), {"--set", "checkpoint.directory="})),
                "checkpoint.directory is not set");
  ExpectFailure(Run(0, Command("run", Config("run"), {"--hosts", "a:1"})),
                "ranks: there would be 1, and the job needs 2");
  ExpectFailure(Run(0, Command("run", Config("run"), {"--min-ranks", "1"})),
                "--min-ranks 1: the job needs 2");
  ExpectFailure(Run(0, Command("run", Config("run"), {"--hosts", ""})),
                "--hosts: \"\"; expected HOST:RANKS");
  EXPECT_EQ(Run(0, Command("run", Config("run"), {"--hosts", "a:2", "--ranks", "3"})).code, 2);
  EXPECT_FALSE(files_.Exists(Path("run")));
}

}  // namespace
}  // namespace chorus::e2e
