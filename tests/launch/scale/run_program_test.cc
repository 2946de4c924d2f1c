#include "launch/scale/run_program.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <string>
#include <thread>

#include "common/file.h"
#include "common/strings.h"

namespace chorus::launch {
namespace {

using testing::HasSubstr;

// One that has ended and is not yet waited for by its parent does not run.
bool IsRunning(pid_t process) {
  std::ifstream file(StrCat("/proc/", process, "/stat"));
  std::string line;
  if (!std::getline(file, line)) return false;
  const size_t name_end = line.rfind(')');
  return name_end != std::string::npos && line.compare(name_end, 3, ") Z") != 0;
}

class RunProgramTest : public testing::Test {
 protected:
  Status Shell(const std::string& script, double seconds) const {
    return RunProgram({"sh", "-c", script}, output_, seconds);
  }
  void TearDown() override { EXPECT_TRUE(PosixFiles().RemoveRecursively(output_).ok()); }
  // Of this process: tests run at the same time.
  const std::string output_ =
      JoinPath(testing::TempDir(), StrCat("run-program-output-", ::getpid(), ".txt"));
};

TEST_F(RunProgramTest, OutputAndErrorsAreInTheFile) {
  ASSERT_TRUE(Shell("echo one; echo two >&2", 20).ok());
  EXPECT_EQ(ReadWholeFile(PosixFiles(), output_).value(), "one\ntwo\n");
}

TEST_F(RunProgramTest, AFailureTellsCodeAndTheEndOfTheOutput) {
  const Status status = Shell("echo because; exit 3", 20);
  EXPECT_EQ(status.code(), Code::kFailedPrecondition);
  for (const int code : {1, 2, 126, 127}) {
    EXPECT_EQ(Shell(StrCat("exit ", code), 20).code(), Code::kFailedPrecondition) << code;
  }
  for (const int code : {69, 75, 137}) {
    EXPECT_EQ(Shell(StrCat("exit ", code), 20).code(), Code::kUnavailable) << code;
  }
  EXPECT_THAT(status.ToString(), HasSubstr("exit code 3"));
  EXPECT_THAT(status.ToString(), HasSubstr("because"));
}

TEST_F(RunProgramTest, WhatIsNotThereIsNotFound) {
  EXPECT_EQ(RunProgram({"no-such-program-here"}, output_, 20).code(), Code::kNotFound);
}

TEST_F(RunProgramTest, ADeadlineEndsItWithAllThatItHasStarted) {
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(Shell("sleep 60 & echo $!; sleep 60", 1).code(), Code::kDeadlineExceeded);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(15));
  const pid_t sleeper = std::stoi(ReadWholeFile(PosixFiles(), output_).value());
  ASSERT_GT(sleeper, 1);
  while (IsRunning(sleeper)) {
    ASSERT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

}  // namespace
}  // namespace chorus::launch
