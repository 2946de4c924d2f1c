// What a newcomer meets in the first hour: a draft that says what comes next, outputs that are
// replaced or stopped half-way, folders of the wrong kind.

#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <vector>

#include "common/file.h"
#include "common/strings.h"
#include "tests/e2e/command_testing.h"
#include "tests/support/process.h"

namespace chorus::e2e {
namespace {

class FirstHourTest : public CommandTest {
 protected:
  void WriteText(const std::string& name) {
    std::string text = "geklickt,gekauft,artikel\n";
    for (int i = 0; i < 200; ++i) {
      text += StrCat(i % 4 == 0 ? 1 : 0, ",", i % 16 == 0 ? 1 : 0, ",a", i % 7, "\n");
    }
    ASSERT_TRUE(ReplaceFile(files_, Path(name), text).ok());
  }
  bool WaitForFolder(const std::string& name) {
    for (int tries = 0; tries < 20 * kLimitSeconds && !files_.Exists(Path(name)); ++tries) {
      usleep(50'000);
    }
    return files_.Exists(Path(name));
  }
};

TEST_F(FirstHourTest, ADraftIsWrittenIntoNewFoldersAndSaysWhatComesNext) {
  WriteText("day.csv");
  const std::string schema = Path("new/my.schema"), job = Path("other/new/my.train");
  const test::Finished drafted =
      Run(0, Command("schema", {Path("day.csv"), "--click", "geklickt", "--conversion", "gekauft",
                                "--output", schema, "--job", job}));
  ExpectSuccess(drafted);
  EXPECT_NE(drafted.output.find("wrote " + schema +
                                ": click 'geklickt', conversion 'gekauft', 1 "
                                "slot"),
            std::string::npos)
      << drafted.output;
  EXPECT_NE(drafted.output.find("  chorus import --schema " + schema), std::string::npos);
  EXPECT_NE(drafted.output.find("  chorus train --config " + job), std::string::npos);
  // A job that is there keeps the schema from being written, too.
  ExpectFailure(
      Run(0, Command("schema", {Path("day.csv"), "--click", "geklickt", "--conversion", "gekauft",
                                "--output", Path("late.schema"), "--job", job})),
      job + " is there already");
  EXPECT_FALSE(files_.Exists(Path("late.schema")));
  ExpectSuccess(
      Run(0, Command("import", {"--schema", schema, "--output", Path("log"), Path("day.csv")})));
}

// The widths of its towers fit the log that it trained on: they are the checkpoint's to say.
TEST_F(FirstHourTest, AJobThatLeavesItsModelOpenScoresWhatItTrained) {
  WriteText("day.csv");
  ASSERT_TRUE(
      ReplaceFile(files_, Path("text.schema"),
                  "click: \"geklickt\" conversion: \"gekauft\" slot { column: \"artikel\" }")
          .ok());
  ASSERT_TRUE(ReplaceFile(files_, Path("job"), "objective { chorus_cvr { } }").ok());
  ExpectSuccess(Run(0, Command("import", {"--schema", Path("text.schema"), "--output", Path("log"),
                                          Path("day.csv")})));
  const std::vector<std::string> job = {"--config", Path("job"), "--set",
                                        "checkpoint.directory=" + Path("ckpt")};
  const auto with_job = [&](const std::string& name, const std::vector<std::string>& options) {
    std::vector<std::string> all = job;
    all.insert(all.end(), options.begin(), options.end());
    return Run(0, Command(name, all));
  };
  ExpectSuccess(with_job("train", {"--set", "data.log=" + Path("log")}));
  ExpectSuccess(with_job("evaluate", {"--log", Path("log")}));
  ExpectSuccess(with_job("evaluate", {"--log", Path("log"), "--checkpoint", Path("ckpt")}));
  ExpectSuccess(with_job("predict", {"--log", Path("log"), "--output", Path("scores.tsv")}));
}

TEST_F(FirstHourTest, AnImportThatIsStoppedLeavesNothing) {
  ASSERT_TRUE(ReplaceFile(files_, Path("text.schema"),
                          "click: \"click\" conversion: \"conversion\" slot { column: \"item\" }")
                  .ok());
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  test::Process import(
      Command("import", {"--schema", Path("text.schema"), "--output", Path("out"), Path("pipe")}));
  ASSERT_TRUE(WaitForFolder("out.importing")) << import.Errors();
  import.Kill(SIGTERM);  // SIGINT may be ignored where tests run behind a shell
  EXPECT_EQ(import.Wait(kLimitSeconds), 128 + SIGTERM) << import.Errors();
  EXPECT_NE(import.Errors().find(Path("out.importing") + " was unfinished and is removed"),
            std::string::npos)
      << import.Errors();
  for (const char* name : {"out", "out.importing", "out.lock"}) {
    EXPECT_FALSE(files_.Exists(Path(name))) << name;
  }
}

TEST_F(FirstHourTest, ReplacedScoresAndFoldersOfOtherKindsAreTold) {
  ExpectSuccess(Run(0, Command("train", Config("run"))));
  const std::string checkpoint = Path("run/ckpt"), scores = Path("scores.tsv");
  const std::vector<std::string> predict =
      Command("predict", {"--checkpoint", checkpoint, "--log", Path("test"), "--output", scores});
  const test::Finished first = Run(0, predict);
  ExpectSuccess(first);
  EXPECT_EQ(first.errors.find("replaces"), std::string::npos) << first.errors;
  const test::Finished second = Run(0, predict);
  ExpectSuccess(second);
  EXPECT_NE(second.errors.find(scores + " is a file of scores of "), std::string::npos)
      << second.errors;
  ExpectFailure(Run(0, Command("evaluate", {"--checkpoint", Path("test"), "--log", Path("test")})),
                "no complete checkpoint; it is a log, which train takes as data.log");
  ExpectFailure(Run(0, Command("evaluate", {"--checkpoint", checkpoint, "--log", checkpoint})),
                "holds no *.log file; it is a checkpoint, which evaluate, predict and export take");
}

}  // namespace
}  // namespace chorus::e2e
