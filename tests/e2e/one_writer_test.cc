// Two commands that would write the same thing: the second one is refused and told who the first
// is, and the first one's work is whole. A command that was killed keeps nobody out.

#include <csignal>

#include "common/write_lock.h"
#include "tests/e2e/command_testing.h"

namespace chorus::e2e {
namespace {

// It would train for hours.
constexpr char kLongJob[] = "data { epochs: 10000 } checkpoint { every_steps: 5 keep: 2 }";
constexpr char kInUse[] = "another process writes here, and one may at a time (held by process ";

class OneWriterTest : public CommandTest {
 protected:
  // Whether the run has a complete checkpoint within `seconds`.
  bool WaitForCheckpoint(const std::string& run, double seconds) {
    for (int tries = 0; tries < 20 * seconds; ++tries) {
      const auto newest = worker::FindCheckpoint(files_, Path(run + "/ckpt"));
      if (newest.ok() && newest->has_value()) return true;
      usleep(50'000);
    }
    return false;
  }
};

TEST_F(OneWriterTest, ASecondJobInACheckpointFolderIsRefusedAndOneAfterAKillIsNot) {
  for (const uint32_t ranks : {0u, 3u}) {
    const std::string run = StrCat("run-", ranks);
    const std::vector<std::string> config = Config(run, kLongJob);
    {
      test::Process job = Start(ranks, Command("train", config));
      ASSERT_TRUE(WaitForCheckpoint(run, kLimitSeconds)) << job.Errors();
      const test::Finished other = Run(0, Command("train", config, {"--set", "seed=2"}));
      ExpectFailure(other, "checkpoint.directory: " + Path(run + "/ckpt") + ": " + kInUse);
      EXPECT_NE(other.errors.find("waiting up to "), std::string::npos) << other.errors;
      EXPECT_NE(other.errors.find("chorus train --config"), std::string::npos) << other.errors;
      ASSERT_FALSE(job.Wait(0).has_value()) << job.Errors();
      if (ranks == 0) {
        job.Kill(SIGKILL);
      } else {
        ASSERT_TRUE(job.KillRank(0, 5));
      }
      // Before the killed one's last processes have ended. What they still complete is no more than
      // a few checkpoints.
      const auto saved = worker::ReadManifest(files_, NewestCheckpoint(run));
      ASSERT_TRUE(saved.ok()) << saved.status().ToString();
      const std::string end = StrCat("data.max_steps=", saved->step() + 30);
      ExpectSuccess(Run(ranks, Command("train", config, {"--resume", "--set", end})));
    }
    EXPECT_FALSE(files_.Exists(Path(run + "/ckpt/.lock")));
    EXPECT_FALSE(files_.Exists(Path(run + "/metrics.jsonl.lock")));
  }
}

TEST_F(OneWriterTest, EveryOutputOfACommandIsRefusedWhileAnotherWritesIt) {
  const std::vector<std::string> config = Config("run");
  ExpectSuccess(Run(0, Command("train", config)));
  const std::string out = Path("out");
  ASSERT_TRUE(ReplaceFile(files_, Path("text.csv"), "click,conversion,item\n1,0,7\n0,0,8\n").ok());
  ASSERT_TRUE(ReplaceFile(files_, Path("text.schema"),
                          "click: \"click\" conversion: \"conversion\" slot { column: \"item\" }")
                  .ok());
  const std::string checkpoint = Path("run/ckpt");
  const std::vector<std::vector<std::string>> commands = {
      Command("export", {"--checkpoint", checkpoint, "--output", out}),
      Command("import", {"--schema", Path("text.schema"), "--output", out, Path("text.csv")}),
      Command("generate", {"--set", "exposures=1000", "--output", out}),
      Command("merge", {Path("train"), "--output", out}),
      Command("export-log", {Path("train"), "--output", out}),
      Command("predict", config, {"--output", out}),
      Command("schema", {Path("text.csv"), "--output", out}),
      Command("report", {Path("run"), "--output", out}),
      Command("inspect", {checkpoint, "--canonical", out}),
      Command("train", Config("other"), {"--set", "report.metrics=" + out}),
  };
  for (const std::vector<std::string>& command : commands) {
    SCOPED_TRACE(Join(command, " "));
    {
      const auto lock = LockOutput(files_, out);
      ASSERT_TRUE(lock.ok()) << lock.status().ToString();
      ExpectFailure(Run(0, command), out + ": " + kInUse);
      EXPECT_FALSE(files_.Exists(out));
    }
    ExpectSuccess(Run(0, command));
    EXPECT_TRUE(files_.Exists(out));
    EXPECT_FALSE(files_.Exists(out + ".lock"));
    EXPECT_TRUE(files_.RemoveRecursively(out).ok());
  }
}

}  // namespace
}  // namespace chorus::e2e
