// Tries of a job by a launcher that is a script: which hosts and ranks it is given, and when it is
// started again.
#include "launch/run/run_job.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "common/strings.h"

namespace chorus::launch {
namespace {

class RunJobTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = JoinPath(testing::TempDir(), "chorus-run-XXXXXX");
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { EXPECT_TRUE(files_.RemoveRecursively(folder_).ok()); }

  std::string Path(const std::string& name) const { return JoinPath(folder_, name); }

  // The launcher's arguments are appended to "calls"; probes ("... true") succeed but on hosts that
  // have a file of their name; else `job` decides, a piece of shell.
  RestartableJob PlanWith(const std::string& job) {
    EXPECT_TRUE(ReplaceFile(files_, Path("launcher"), StrCat(". '", Path("job"), "'\n")).ok());
    EXPECT_TRUE(ReplaceFile(files_, Path("job"),
                            StrCat("cd '", folder_, "' || exit 126\n",
                                   "for last; do :; done\n"
                                   "if [ \"$last\" = true ]; then host=${2%:*}; "
                                   "[ ! -e \"$host\" ]; exit; fi\n"
                                   "echo \"$*\" >>calls\n",
                                   job, "\n"))
                    .ok());
    RestartableJob plan;
    plan.launcher = {"sh", Path("launcher")};
    plan.ranks = 2;
    plan.min_ranks = 2;
    plan.max_restarts = 3;
    plan.command = {"program", "train"};
    plan.resume = {"--resume"};
    plan.checkpoint_directory = Path("ckpt");
    return plan;
  }
  std::vector<std::string> Calls() {
    const auto text = ReadWholeFile(files_, Path("calls"));
    std::vector<std::string> calls = Split(text.ok() ? *text : "", '\n');
    calls.pop_back();
    return calls;
  }

  FileSystem& files_ = PosixFiles();
  std::string folder_;
  int code_ = -1;
};

TEST_F(RunJobTest, EndsWithTheCodeOfAJobThatIsDoneOrWouldFailAgain) {
  ASSERT_TRUE(RunUntilDone(files_, PlanWith("exit 0"), &code_).ok());
  EXPECT_EQ(code_, 0);
  ASSERT_TRUE(RunUntilDone(files_, PlanWith("exit 1"), &code_).ok());
  EXPECT_EQ(code_, 1);
  EXPECT_EQ(Calls(), std::vector<std::string>(2, "-n 2 program train"));
}

TEST_F(RunJobTest, GoesOnFromTheCheckpointThatThereIs) {
  const std::string checkpoint = "ckpt/step-000000000007";
  const RestartableJob plan = PlanWith(StrCat(
      "[ -e ", checkpoint, "/MANIFEST ] && exit 0\n", "[ $(wc -l <calls) -lt 2 ] && exit 69\n",
      "mkdir -p ", checkpoint, "; touch ", checkpoint, "/MANIFEST; exit 137"));
  const Status status = RunUntilDone(files_, plan, &code_);
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(code_, 0);
  EXPECT_EQ(Calls(), (std::vector<std::string>{"-n 2 program train", "-n 2 program train",
                                               "-n 2 program train --resume"}));
}

TEST_F(RunJobTest, LeavesOutAHostThatDoesNotAnswerAndTakesItBack) {
  RestartableJob plan =
      PlanWith("case $(wc -l <calls) in 1) touch b; exit 1;; 2) rm b; exit 69;; *) exit 0;; esac");
  plan.hosts = {{"a", 2}, {"b", 3}};
  const Status status = RunUntilDone(files_, plan, &code_);
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(code_, 0);
  EXPECT_EQ(Calls(), (std::vector<std::string>{"--host a:2,b:3 -n 5 program train",
                                               "--host a:2 -n 2 program train",
                                               "--host a:2,b:3 -n 5 program train"}));
}

TEST_F(RunJobTest, WaitsForHostsThatHaveAnsweredBefore) {
  RestartableJob job = PlanWith("case $(wc -l <calls) in 1) touch a; exit 137;; *) exit 0;; esac");
  // The second time that b is asked, a is back.
  ASSERT_TRUE(ReplaceFile(files_, Path("launcher"),
                          StrCat("cd '", folder_, "'\n[ \"$2\" = b:1 ] && echo >>asked && ",
                                 "[ $(wc -l <asked) = 3 ] && rm -f a\n. ./job\n"))
                  .ok());
  job.hosts = {{"b", 1}, {"a", 2}};
  const Status status = RunUntilDone(files_, job, &code_);
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(code_, 0);
  EXPECT_EQ(Calls(), std::vector<std::string>(2, "--host b:1,a:2 -n 3 program train"));
}

TEST_F(RunJobTest, HostsThatNeverAnsweredAreAnErrorWithWhatTheLauncherSays) {
  RestartableJob job = PlanWith("exit 0");
  job.hosts = {{"a", 2}, {"b", 1}};
  ASSERT_TRUE(ReplaceFile(files_, Path("a"), "").ok());
  const Status status = RunUntilDone(files_, job, &code_);
  EXPECT_EQ(status.code(), Code::kFailedPrecondition);
  EXPECT_NE(status.message().find("(b:1) are not enough for the 2 ranks"), std::string::npos)
      << status.ToString();
}

TEST_F(RunJobTest, ACheckpointOfSomebodyElseIsNotGoneOnFrom) {
  const std::string old = Path("ckpt/step-000000000005");
  ASSERT_TRUE(files_.CreateDirectories(old).ok());
  ASSERT_TRUE(ReplaceFile(files_, JoinPath(old, "MANIFEST"), "").ok());
  ASSERT_TRUE(
      RunUntilDone(files_, PlanWith("[ $(wc -l <calls) = 1 ] && exit 69; exit 1"), &code_).ok());
  EXPECT_EQ(code_, 1);
  EXPECT_EQ(Calls(), std::vector<std::string>(2, "-n 2 program train"));
}

TEST_F(RunJobTest, ALauncherThatIsNotThereIsNamed) {
  RestartableJob plan = PlanWith("exit 0");
  plan.launcher = {"no-such-launcher"};
  const Status status = RunUntilDone(files_, plan, &code_);
  EXPECT_EQ(status.code(), Code::kNotFound);
  EXPECT_EQ(status.message(), "no-such-launcher cannot be started: No such file or directory");
}

}  // namespace
}  // namespace chorus::launch
