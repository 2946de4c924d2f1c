#include "launch/job/child_process.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

#include "common/file.h"
#include "common/strings.h"

namespace chorus::launch {
namespace {

TEST(ChildProcess, EndsWithItsObject) {
  const std::string marker = JoinPath(testing::TempDir(), StrCat("chorus-child-", getpid()));
  {
    const auto child = ChildProcess::Start(
        {"sh", "-c", "trap 'touch " + marker + "; exit 3' TERM; sleep 60 & wait"}, "/dev/null");
    ASSERT_TRUE(child.ok()) << child.status().ToString();
    for (int i = 0; i < 1000 && !(*child)->HasChild("sleep"); ++i) {
      ASSERT_FALSE((*child)->Wait(0.01).has_value());
    }
    EXPECT_TRUE((*child)->HasChild("sleep"));
    EXPECT_FALSE((*child)->HasChild("no-such"));
  }
  EXPECT_TRUE(PosixFiles().Exists(marker));
  EXPECT_TRUE(PosixFiles().Remove(marker).ok());
}

TEST(ChildProcess, TellsHowItEnded) {
  const auto coded = ChildProcess::Start({"sh", "-c", "exit 69"}, "/dev/null");
  ASSERT_TRUE(coded.ok());
  EXPECT_EQ((*coded)->Wait(10), 69);
  const auto killed = ChildProcess::Start({"sh", "-c", "kill -9 $$"}, "/dev/null");
  ASSERT_TRUE(killed.ok());
  EXPECT_EQ((*killed)->Wait(10), 137);
}

TEST(ChildProcess, TellsHowItEndedToWhoIgnoresSuchSignals) {
  const auto before = std::signal(SIGCHLD, SIG_IGN);
  const auto coded = ChildProcess::Start({"sh", "-c", "exit 69"}, "/dev/null");
  ASSERT_TRUE(coded.ok());
  EXPECT_EQ((*coded)->Wait(10), 69);
  std::signal(SIGCHLD, before);
}

TEST(ChildProcess, WritesIntoAFile) {
  const std::string path = JoinPath(testing::TempDir(), StrCat("chorus-output-", getpid()));
  const auto child =
      ChildProcess::Start({"sh", "-c", "echo one; echo two >&2; read x; exit $?"}, path);
  ASSERT_TRUE(child.ok()) << child.status().ToString();
  EXPECT_EQ((*child)->Wait(10), 1) << "there is something to read on standard input";
  const auto text = ReadWholeFile(PosixFiles(), path);
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(*text, "one\ntwo\n");
  EXPECT_TRUE(PosixFiles().Remove(path).ok());
}

TEST(ChildProcess, NamesWhatIsNotThere) {
  const auto program = ChildProcess::Start({"no-such-program"}, "");
  EXPECT_EQ(program.status().code(), Code::kNotFound);
  EXPECT_EQ(program.status().message(),
            "no-such-program cannot be started: No such file or directory");
  const auto file = ChildProcess::Start({"true"}, "/no/such/folder/file");
  EXPECT_EQ(file.status().code(), Code::kNotFound);
}

}  // namespace
}  // namespace chorus::launch
