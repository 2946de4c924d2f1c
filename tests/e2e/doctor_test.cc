// What `chorus doctor` says of a job that a newcomer has set up, before it is started.

#include <gmock/gmock.h>

#include "tests/e2e/command_testing.h"

namespace chorus::e2e {
namespace {

using testing::HasSubstr;
using testing::Not;

class DoctorTest : public CommandTest {
 protected:
  // What the doctor prints of the job in one process.
  std::string Examine(int code, const std::vector<std::string>& sets) {
    std::vector<std::string> more;
    for (const std::string& set : sets) more.insert(more.end(), {"--set", set});
    const test::Finished finished = Run(0, Command("doctor", Config("run"), more));
    EXPECT_EQ(finished.code, code) << finished.output << finished.errors;
    return finished.output;
  }
};

TEST_F(DoctorTest, AJobThatIsWellHasNothingWrong) {
  const std::string output = Examine(0, {"report.tensorboard=" + Path("run/board")});
  EXPECT_THAT(output, Not(HasSubstr("WRONG")));
  EXPECT_THAT(output, HasSubstr("ok     log        data.log " + Path("train") + ": 400 exposures"));
  EXPECT_THAT(output, HasSubstr("ok     reports    report.tensorboard"));
  EXPECT_TRUE(files_.List(Path("run/board"))->empty()) << "it leaves nothing";
}

TEST_F(DoctorTest, FoldersThatCannotBeMadeAreWrong) {
  ASSERT_TRUE(ReplaceFile(files_, Path("file"), "x").ok());
  const std::string inside = Path("file/ckpt");
  const std::string output =
      Examine(1, {"checkpoint.directory=" + inside, "report.metrics=" + inside + "/metrics.jsonl",
                  "report.tensorboard=" + inside});
  EXPECT_THAT(output, HasSubstr("WRONG  folders    checkpoint.directory " + inside));
  EXPECT_THAT(output, HasSubstr("WRONG  reports    report.metrics " + inside));
  EXPECT_THAT(output, HasSubstr("WRONG  reports    report.tensorboard " + inside));
  EXPECT_THAT(output, HasSubstr("name a folder that can be made and written in"));
}

TEST_F(DoctorTest, LogsThatHoldNothingAreWrong) {
  ASSERT_TRUE(files_.CreateDirectories(Path("empty")).ok());
  EXPECT_THAT(
      Examine(1, {"data.log=" + Path("empty")}),
      HasSubstr("holds no *.log file; it is empty: name the folder that chorus import wrote"));
  ASSERT_TRUE(ReplaceFile(files_, Path("blank.log"), "").ok());
  EXPECT_THAT(Examine(1, {"evaluate.log=" + Path("blank.log")}),
              HasSubstr("WRONG  log        evaluate.log " + Path("blank.log")));
  EXPECT_THAT(Examine(1, {"data.log=" + Path("gone")}), HasSubstr("WRONG  folders"));
}

TEST_F(DoctorTest, SettingsThatCannotWorkAreWrong) {
  EXPECT_THAT(Examine(1, {"report.prometheus=nowhere"}),
              HasSubstr("WRONG  reports    report.prometheus nowhere"));
  EXPECT_THAT(Examine(1, {"report.prometheus=203.0.113.9:9400"}),
              HasSubstr("WRONG  reports    report.prometheus 203.0.113.9:9400"));
}

TEST_F(DoctorTest, ARunThatIsFinishedIsDoubtfulAndOneThatGoesOnIsNot) {
  ExpectSuccess(Run(0, Command("train", Config("run"),
                               {"--set", "data.max_steps=3", "--set", "checkpoint.every_steps=1",
                                "--set", "checkpoint.keep=2"})));
  const std::string last = NewestCheckpoint("run");
  const std::string finished = Examine(0, {"data.max_steps=3"});
  EXPECT_THAT(finished, HasSubstr("doubt  run        nothing is left to train: " + last));
  EXPECT_THAT(finished, HasSubstr("warm_start.checkpoint=" + last));
  ASSERT_TRUE(worker::RemoveCheckpoint(files_, last).ok());
  EXPECT_THAT(Examine(0, {"data.max_steps=3"}), HasSubstr("train --resume goes on from it"));
}

// What train --resume would say, before the job waits in a queue.
TEST_F(DoctorTest, ARunThatResumeRefusesIsWrong) {
  const std::string decays = "model.schedule.decay=LINEAR", steps = "data.max_steps=3";
  ExpectSuccess(Run(0, Command("train", Config("run"), {"--set", decays, "--set", steps})));
  const std::string folder = NewestCheckpoint("run");
  EXPECT_THAT(Examine(1, {decays, steps, "seed=77"}),
              HasSubstr("WRONG  run        train --resume refuses: " + folder +
                        " was made with another configuration"));
  EXPECT_THAT(Examine(1, {decays, steps, "data.log=" + Path("test")}),
              HasSubstr("was trained on another log than data.log names"));
  EXPECT_THAT(Examine(1, {decays, "data.max_steps=5"}),
              HasSubstr("is of a run of 3 steps, this one has 5"));
  ASSERT_TRUE(ReplaceFile(files_, JoinPath(folder, worker::kManifestName), "x").ok());
  EXPECT_THAT(Examine(1, {decays, steps}), HasSubstr("train --resume --fallback"));
}

TEST_F(DoctorTest, TrainingOnTheLogThatJudgesIsDoubtful) {
  EXPECT_THAT(Examine(0, {"evaluate.log=" + Path("train")}),
              HasSubstr("doubt  log        evaluate.log " + Path("train")));
}

}  // namespace
}  // namespace chorus::e2e
