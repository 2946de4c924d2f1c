// A job whose processes stand still, whose locks are lost, and which comes back to life when
// another job has gone on in its folder: it ends, names that job, and changes nothing.

#include <csignal>

#include "tests/e2e/command_testing.h"

namespace chorus::e2e {
namespace {

// It would train for hours. It is stopped behind its first checkpoint, far from the second one, at
// which it finds the other claim. Its deadlines run on while it is stopped.
constexpr char kEndlessJob[] =
    "data { epochs: 10000 } checkpoint { every_steps: 200 keep: 2 } "
    "cluster { deadline_seconds: 600 }";

class OutlivingJobTest : public CommandTest {
 protected:
  static void SignalAll(test::Process* job, uint32_t ranks, int signal) {
    if (ranks == 0) return job->Kill(signal);
    for (uint32_t rank = 0; rank < ranks; ++rank) {
      ASSERT_TRUE(job->KillRank(rank, 5, signal)) << rank;
    }
  }
  // Names and bytes of all that others read.
  std::string WhatIsThere(const std::string& run) {
    std::string all = *ReadWholeFile(files_, Path(run + "/metrics.jsonl"));
    const std::string directory = Path(run + "/ckpt");
    const std::vector<std::string> names = *files_.List(directory);
    for (const std::string& name : names) {
      if (name.find(".writing-") != std::string::npos) continue;  // its own
      all += name + "\n";
      const std::string manifest = JoinPath(JoinPath(directory, name), "MANIFEST");
      if (files_.Exists(manifest)) all += *ReadWholeFile(files_, manifest);
    }
    return all;
  }
};

TEST_F(OutlivingJobTest, EndsWhenItFindsTheClaimOfTheNextOneAndChangesNothing) {
  for (const uint32_t ranks : {0u, 3u}) {
    const std::string run = StrCat("run-", ranks);
    const std::vector<std::string> config = Config(run, kEndlessJob);
    test::Process job = Start(ranks, Command("train", config));
    ASSERT_TRUE(job.WaitForText("checkpoint " + Path(run + "/ckpt/step-000000000200: step 200"),
                                kLimitSeconds))
        << job.Errors();
    SignalAll(&job, ranks, SIGSTOP);
    // As when the host that holds them is lost: nobody is kept out any more.
    ASSERT_TRUE(files_.Remove(Path(run + "/ckpt/.lock")).ok());
    ASSERT_TRUE(files_.Remove(Path(run + "/metrics.jsonl.lock")).ok());
    const auto saved = worker::ReadManifest(files_, NewestCheckpoint(run));
    ASSERT_TRUE(saved.ok()) << saved.status().ToString();
    const std::string end = StrCat("data.max_steps=", saved->step() + 30);
    ExpectSuccess(Run(0, Command("train", config, {"--resume", "--set", end})));
    const std::string before = WhatIsThere(run);
    SignalAll(&job, ranks, SIGCONT);
    EXPECT_EQ(job.Wait(kLimitSeconds).value_or(-1), 1) << job.Errors();
    EXPECT_NE(job.Errors().find(Path(run + "/ckpt") +
                                ": another job goes on here, with claim 2: process "),
              std::string::npos)
        << job.Errors();
    EXPECT_EQ(WhatIsThere(run), before);
    ExpectSuccess(Run(0, Command("train", Config("one-" + run, kEndlessJob), {"--set", end})));
    EXPECT_TRUE(OutcomeOfRun(run).state == OutcomeOfRun("one-" + run).state);
  }
}

}  // namespace
}  // namespace chorus::e2e
